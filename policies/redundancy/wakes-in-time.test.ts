import { describe, expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../testing/test-rule.ts";
import { wakesInTime } from "./wakes-in-time.ts";

/** So that the figures below stay the same when there is one kind more: each account has all kinds in the fixtures. */
const kindsHere = ["node", "php", "program", "proxy", "python", "redirect", "static"];

/** HTTP servers of each account that never rest, on hosts with two cores. */
function restless(valid: Declaration): Declaration {
  return {
    ...valid,
    hosts: valid.hosts.map((host) => ({ ...host, capacity: { ...host.capacity, cores: 2 } })),
    httpServers: valid.httpServers
      .filter(({ kind }) => kindsHere.includes(kind))
      .map((server) => ({ ...server, idleSeconds: 0 })),
  };
}
const promising = (valid: Declaration, wakeSeconds: number) =>
  changed(valid, "plans", 0, (plan) => ({ ...plan, wakeSeconds }));
const withMemory = (valid: Declaration, which: number, memoryMb: number) =>
  changed(valid, "hosts", which, (host) => ({ ...host, capacity: { ...host.capacity, memoryMb } }));
const messages = (declaration: Declaration) => wakesInTime.check(declaration, today).map(({ message }) => message);

testRule(wakesInTime, {
  "a plan that promises more than its hosts can do": {
    break: (valid) => promising(restless(valid), 20),
    expect: [
      "host h1 capacity: Host h1 takes up to 21 s to start 16 HTTP servers and services after a reboot, but plan small promises 20 s. Most of it is for accounts 1 (acme-1, 8), 3 (acme-3, 8).",
      "host h2 capacity: Host h2 takes up to 21 s to start 16 HTTP servers and services when host h1 is lost, but plan small promises 20 s. Most of it is for accounts 1 (acme-1, 8), 3 (acme-3, 8).",
    ],
  },
  "more programs than a host has memory for": {
    break: (valid) => withMemory(restless(valid), 0, 800),
    expect: [
      "host h1 capacity: Host h1 needs up to 1153 MiB of memory to start 16 HTTP servers and services after a reboot, but it has 800. Most of it is for accounts 1 (acme-1, 8), 3 (acme-3, 8).",
    ],
  },
  "a host that could start its own, but not those that come to it": {
    break: (valid) => withMemory(restless(valid), 1, 1300),
    expect: [
      "host h2 capacity: Host h2 needs up to 1478 MiB of memory to start 16 HTTP servers and services when host h1 is lost, but it has 1300. Most of it is for accounts 1 (acme-1, 8), 3 (acme-3, 8).",
    ],
  },
});

describe("accounts come to their standby", () => {
  const withStandby = (wakeSeconds: number, where: "alpha" | "beta"): Declaration => {
    const valid = promising(restless(declarationFixture()), wakeSeconds);
    const far = { ...valid.hosts[0]!, name: "far", site: where, cell: "far" };
    const accounts = valid.accounts.map((account) => ({ ...account, standby: "far" }));
    return { ...valid, hosts: [...valid.hosts, far], accounts };
  };
  const late = (wakeSeconds: number, where: "alpha" | "beta") =>
    messages(withStandby(wakeSeconds, where)).filter((message) => message.startsWith("Host far"));

  test("from one host at a time, and from all hosts of a site at once", () => {
    expect(late(22, "alpha")).toEqual([]);
    expect(late(22, "beta")).toEqual([
      "Host far takes up to 24 s to start 24 HTTP servers and services when site alpha is lost, but plan small promises 22 s. Most of it is for accounts 1 (acme-1, 8), 2 (acme-2, 8), 3 (acme-3, 8).",
    ]);
    expect(late(20, "alpha")).toEqual([
      expect.stringContaining("start 16 HTTP servers and services when host h1 is lost"),
    ]);
  });
});

test("what rests, is suspended or has no process is not counted, nor is a lost host judged", () => {
  const valid = promising(declarationFixture(), 1);
  const without = { ...valid, services: [] };
  expect(messages(without)).toEqual([]);
  const slow = promising(restless(without), 1);
  expect(messages(slow)).toHaveLength(2);
  const suspended = { since: "2026-11-22", reason: "unpaid" };
  expect(messages({ ...slow, accounts: slow.accounts.map((account) => ({ ...account, suspended })) })).toEqual([]);
  expect(messages({ ...slow, httpServers: slow.httpServers.filter(({ kind }) => kind === "redirect") })).toEqual([]);
  expect(messages({ ...slow, hosts: slow.hosts.map((host) => ({ ...host, lost: today })) })).toEqual([]);
});

test("a plan or a host that nobody declares is left to other rules, as is a plan of a release without this promise", () => {
  const slow = promising(restless(declarationFixture()), 1);
  const others = slow.plans.map(({ wakeSeconds, ...plan }) => plan);
  for (const plans of [[], others]) expect(messages({ ...slow, plans })).toEqual([]);
  const accounts = slow.accounts.map((account) => ({ ...account, host: "nowhere", standby: "elsewhere" }));
  expect(messages({ ...slow, accounts })).toEqual([]);
});
