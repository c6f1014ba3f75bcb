import { expect, test } from "vitest";
import { declarationOf } from "../testing/fixtures/bundle-fixture.ts";
import { awaitedAccounts } from "./awaited-accounts.ts";

const backup = { site: "beta", retentionDays: 7 };
const whole = declarationOf([1, 2, 3].map((number) => ({ number, name: `account${number}` })));
/** The third one has no backup. */
const declaration = {
  ...whole,
  accounts: whole.accounts.map((each) => (each.number === 3 ? each : { ...each, backup })),
};
const reached = new Map([["web1", { hostKey: "new" }]]);
const hosts = new Map([1, 2, 3].map((number) => [number, "web1"]));
const before = (hostKey: string, awaited: readonly number[] = []) => ({
  ...{ hosts, commands: new Map([["web1-apply", { hostKey }]]) },
  delivered: { awaited: new Map(awaited.length > 0 ? [["web1", awaited]] : []) },
});
let warned: string[] = [];
const awaited = (held: Parameters<typeof awaitedAccounts>[2], of = declaration) => {
  warned = [];
  return Object.fromEntries(awaitedAccounts(of, reached, held, (line) => warned.push(line)));
};

test("a host with another key than at its last delivery waits for the accounts with backups that it had", () => {
  expect(awaited(before("old"))).toEqual({ web1: [1, 2] });
  expect(warned).toEqual([
    "web1 has another SSH host key than at its last delivery. If it is another machine, accounts are held there until `fairhost-host restore-host` on web1 has restored their newest backups: 1, 2.",
  ]);
  expect(awaited({ ...before("old"), hosts: new Map([[2, "web1"]]) })).toEqual({ web1: [2] });
  expect(awaited({ ...before("old"), hosts: new Map([[2, "web2"]]) })).toEqual({});
});

test("an account of a delivery that did not succeed may be there and have backups, as after a partial one: it is waited for, too", () => {
  // What the last delivery that succeeded had in it plays no part: the host may hold more.
  expect(awaited({ ...before("old"), hosts: new Map([[2, "web1"]]) })).toEqual({ web1: [2] });
});

test("one that keeps its key, or to which nothing was ever delivered, waits for none", () => {
  expect(awaited(before("new"))).toEqual({});
  expect(awaited({ ...before("old"), commands: new Map() })).toEqual({});
});

test("what it was told stays in the next deliveries, as long as the account is there", () => {
  expect(awaited(before("new", [1, 2, 9]))).toEqual({ web1: [1, 2] });
  expect(warned).toEqual([]);
});

test("nobody waits on a backup host, which has no accounts' data, or on a lost one", () => {
  const changed = (change: object) => ({
    ...declaration,
    hosts: declaration.hosts.map((host) => ({ ...host, ...change })),
  });
  expect(awaited(before("old"), changed({ role: "backup" }))).toEqual({});
  expect(awaited(before("old"), changed({ lost: "2026-11-30" }))).toEqual({});
});
