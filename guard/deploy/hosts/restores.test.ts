import { expect, test } from "vitest";
import type { Reach } from "./moves.ts";
import { restoresBetween, runRestores } from "./restores.ts";

const restore = (id: string) => ({ id, snapshot: "2026-11-28", what: ["all"] });
const before = [
  { number: 1, host: "web1" },
  { number: 2, host: "web1", restore: restore("old") },
  { number: 3, host: "web1" },
];

test("only what is new is done, on a host that had the account before", () => {
  const after = [
    { number: 1, host: "web1", restore: restore("one") },
    { number: 2, host: "web1", restore: { ...restore("old"), what: ["files"] } },
    { number: 3, host: "web2", restore: restore("three") },
    { number: 4, host: "web1", restore: restore("four") },
  ];
  expect(restoresBetween(before, after)).toEqual([{ account: 1, host: "web1", id: "one" }]);
  expect(restoresBetween(after, after)).toEqual([]);
  expect(restoresBetween(after, before)).toEqual([]);
  expect(restoresBetween(before, [{ ...before[1]!, restore: restore("new") }])).toMatchObject([{ id: "new" }]);
});

test("what hosts say is shown; one that does not do it keeps no other from it", async () => {
  const asked: string[] = [];
  const reach: Reach = (host, words) => {
    asked.push(`${host} ${words.join(" ")}`);
    const script =
      words[1] === "1" ? "echo 'account 1: restore one failed' >&2; exit 5" : "echo 'account 2: restore two is done'";
    return ["sh", "-c", script];
  };
  let said = "";
  const restores = [
    { account: 1, host: "web1", id: "one" },
    { account: 2, host: "web2", id: "two" },
  ];
  expect(await runRestores(reach, restores, (text) => (said += text))).toEqual([
    "restore one of account 1 on web1 failed (5): account 1: restore one failed",
  ]);
  expect(asked).toEqual(["web1 restore-declared 1", "web2 restore-declared 2"]);
  expect(said).toBe("account 1: restore one on web1\naccount 2: restore two on web2\naccount 2: restore two is done\n");
});
