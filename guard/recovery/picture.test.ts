import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { duration, recoverySvg } from "./picture.ts";
import { type Answer, recoveries } from "./recovery.ts";

const now = Date.parse("2026-11-26T10:00:00.000Z");
const declaration = declare((await loadFleet(join(import.meta.dirname, "../../inventory/prod"))).fleet);
const ago = (hours: number) => new Date(now - hours * 3_600_000).toISOString();

/** Answers of all hosts: accounts in turn are well, without a proof, with an old one, and without a backup; one host says nothing. */
const silent = declaration.accounts.at(-1)!.host;
const answers = [...Map.groupBy(declaration.accounts, ({ host }) => host)].flatMap(([host, accounts]): Answer[] =>
  host === silent
    ? []
    : [
        {
          host,
          accounts: accounts.map(({ number }) => ({
            account: number,
            backup: number % 7 === 6 ? {} : { last: { time: ago(number % 5 === 4 ? 50 : number % 20) } },
            ...(number % 4 !== 3 && { proof: { time: ago(24 * (number % 11) * 3.5), seconds: 4 + (number % 9) * 40 } }),
            problems: [],
          })),
        },
      ],
);
const rows = recoveries(declaration, answers, now);

test("the example fleet, byte for byte", async () => {
  await expect(recoverySvg(declaration, rows, now)).toMatchFileSnapshot("prod.golden.svg");
});

test("each host has a frame, and each account a row with its place, its ages and its problems", () => {
  const svg = recoverySvg(declaration, rows, now);
  const elements = [...svg.matchAll(/data-element="(\w+) ([^"]+)"/g)].map(([, kind, name]) => `${kind} ${name}`);
  const expected = [
    ...new Set(rows.map(({ host }) => `host ${host}`)),
    ...rows.map(({ account }) => `account ${account}`),
  ];
  expect(elements.toSorted()).toEqual(expected.toSorted());
  for (const { account, to, problems } of rows) {
    const [group] = new RegExp(`<g class="account" data-element="account ${account}">.*?</g>`).exec(svg)!;
    expect(group).toContain("host" in to ? `>${to.host}<` : ">nowhere<");
    for (const problem of problems) expect(group).toContain(problem.replaceAll("&", "&amp;"));
  }
});

test("what accounts are called is text, and the picture needs nothing from elsewhere", () => {
  const hostile = rows.map((row) => ({ ...row, name: '"><script>', problems: ["<image href='http://x'/>"] }));
  const svg = recoverySvg(declaration, hostile, now);
  expect(svg).not.toMatch(/<script|<image|(?:href|src)="/);
});

test("a fleet without accounts has a picture", () => {
  expect(recoverySvg({ ...declaration, accounts: [] }, [], now)).toContain("0 accounts on 0 hosts");
});

test("times are said in their two largest units, and never lose more than the smaller one", () => {
  expect([0, 0.5, 59, 60, 61, 3600, 3660, 86_400 * 12 + 3600 * 5 + 99].map(duration)).toEqual([
    ...["0 s", "0.5 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "12 d 5 h"],
  ]);
  const units: Readonly<Record<string, number>> = { d: 86_400, h: 3600, min: 60, s: 1 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e8 }), (seconds) => {
      const words = [...duration(seconds).matchAll(/(\d+) (\w+)/g)];
      const said = words.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
      expect(said).toBeLessThanOrEqual(seconds);
      expect(seconds - said).toBeLessThan(seconds < 3600 ? 1 : seconds < 86_400 ? 60 : 3600);
    }),
  );
});
