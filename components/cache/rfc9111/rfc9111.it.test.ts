import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import { changing } from "./changing.cases.ts";
import { choosing } from "./choosing.cases.ts";
import { freshness } from "./freshness.cases.ts";
import type { Row, Visit } from "./rows.ts";
import { storing } from "./storing.cases.ts";
import { validating } from "./validating.cases.ts";

/** The HTTP cache on a real front end, by RFC 9111 (the tables beside this): all rows at the same time, for most of it is waiting. */
const groups = { storing, freshness, choosing, validating, changing };
const rows = Object.values(groups).flat();
const own = (file: string) =>
  readFileSync(join(import.meta.dirname, "../../../testing/programs/scripted", file), "utf8");

interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
let kind: KindHost;
let seen: ReadonlyMap<Row, readonly Seen[]>;

beforeAll(async () => {
  kind = await bootKind(
    "rfc9111",
    [programServer("app", ["/usr/bin/node", "server.mjs"], { cache: true, idleSeconds: 0 })],
    { "server.mjs": own("server.mjs") },
    {},
    { cacheMemoryMb: 32 },
  );
  await kind.getUntil("app", ({ headers }) => headers["cache-status"] !== undefined, 60);
  await kind.host.writeFile("/root/visitor.mjs", own("visitor.mjs"));
  await kind.host.writeFile("/root/rows.json", JSON.stringify(rows.map(([, , , ...visits]) => visits)));
  const all = JSON.parse(await kind.sh("node /root/visitor.mjs /root/rows.json app.alice.test")) as Seen[][];
  seen = new Map(rows.map((row, index) => [row, all[index]!]));
}, 240_000);
afterAll(() => kind?.[Symbol.asyncDispose]());

/** What of an answer a visit says something about. */
function told({ status, headers, body }: Seen, visit: Visit, before: readonly Seen[]): object {
  const asked = (answer: Seen) => Number(answer.headers["x-asked"] ?? 0);
  return {
    ...(visit.from && {
      from: asked({ status, headers, body }) > Math.max(0, ...before.map(asked)) ? "server" : "cache",
    }),
    ...(visit.status !== undefined && { status }),
    ...(visit.body !== undefined && { body }),
    ...(visit.has && { has: Object.fromEntries(Object.keys(visit.has).map((name) => [name, headers[name]])) }),
  };
}
function wanted({ from, status, body, has }: Visit): object {
  const matching = (pattern: RegExp | undefined) => (pattern ? expect.stringMatching(pattern) : undefined);
  return {
    ...(from && { from }),
    ...(status !== undefined && { status }),
    ...(body !== undefined && { body: body instanceof RegExp ? matching(body) : body }),
    ...(has && { has: Object.fromEntries(Object.entries(has).map(([name, pattern]) => [name, matching(pattern)])) }),
  };
}

test("the table has rows enough of each level, and says each thing once", () => {
  const of = (level: Row[0]) => rows.filter(([its]) => its === level).length;
  console.info(`RFC 9111: ${of("must")} rows of must, ${of("should")} of should, ${of("may")} of may`);
  expect(of("must")).toBeGreaterThan(60);
  expect(new Set(rows.map(([, , name]) => name)).size).toBe(rows.length);
});

describe.each(Object.entries(groups))("%s", (_, table) => {
  test.each(table.map((row) => [row[0], row[1], row[2], row] as const))(
    "%s (%s): %s",
    (_level, _section, _name, row) => {
      const [, , , ...visits] = row;
      const answers = seen.get(row)!;
      expect(visits.map((visit, at) => told(answers[at]!, visit, answers.slice(0, at)))).toEqual(visits.map(wanted));
    },
  );
});
