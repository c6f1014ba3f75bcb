import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { servers } from "../components/http/kinds/servers.generated.ts";
import { causeHttp } from "../components/http/program/causes.ts";
import { proofsRule } from "../guard/deploy/hosts/proofs.ts";
import manifest from "../package.json" with { type: "json" };
import { applications, ownVerbs } from "../testing/applications/list.ts";

const reference = (name: string) => readFileSync(join(import.meta.dirname, "reference", name), "utf8");

test("each npm script is in the list of commands", () => {
  const page = reference("commands.md");
  const missing = Object.keys(manifest.scripts).filter(
    (name) => !new RegExp(`\`npm (run (-s )?)?${name}[ \`]`).test(page),
  );
  expect(missing, "scripts without a row in docs/reference/commands.md").toEqual([]);
});

test("each kind of HTTP server is in the status", () => {
  const page = readFileSync(join(import.meta.dirname, "status.md"), "utf8");
  const row = page.split("\n").find((line) => line.startsWith("| HTTP servers |"));
  const missing = Object.keys(servers).filter((kind) => !row?.includes(`\`${kind}\``));
  expect(missing, "kinds that the row of HTTP servers in docs/status.md does not name").toEqual([]);
});

test("each cause that the front end writes into an account's log has a row that says what to do", () => {
  const causes = [...causeHttp.matchAll(/ "([a-z][^"]*)";$/gm)].map(([, words]) => words!);
  expect(causes.length).toBeGreaterThan(10);
  const rows = reference("web-sites.md").split("\n");
  const isOf = (cause: string) =>
    new RegExp(`^\\| ${cause.replace(/\$\w+/g, "\\d+").replace(/[.()]/g, "\\$&")}[^a-z|]*[ ,]`);
  expect(causes.filter((cause) => !rows.some((row) => isOf(cause).test(row)))).toEqual([]);
});

test("the guard's rules are all told, that of deploys alone too", () => {
  expect(reference("guard-rules.md")).toContain(`\`${proofsRule}\``);
});

test("what is shown of each application that is required is what its trial says", () => {
  const rows = applications.flatMap(({ name, from, server, shows }) =>
    shows === undefined
      ? []
      : [`| ${[name, from.registry, server.kind, "yes", ...ownVerbs.map((verb) => shows[verb])].join(" | ")} |`],
  );
  expect(rows.length).toBeGreaterThanOrEqual(9);
  expect(reference("applications.md").match(/^\| \S+ \| (?:debian|npm|pypi|go) .*$/gm)).toEqual(rows);
});
