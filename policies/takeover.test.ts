import { expect, test } from "vitest";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import { allOn } from "../testing/test-rule.ts";
import { needsOf } from "./placement.ts";
import { planTakeover } from "./takeover.ts";

/** All accounts on h1, needing so much disk each, beside hosts with so much. The fixture's plan may promise disk four times. */
function withDisk(needed: readonly number[], there: readonly number[]): Declaration {
  const valid = allOn(declarationFixture({ hosts: there.length + 1, accounts: needed.length }), "h1");
  const hosts = valid.hosts.map((host) => {
    const index = ["h2", "h3", "h4"].indexOf(host.name);
    return index < 0 || index >= there.length
      ? host
      : { ...host, capacity: { ...host.capacity, diskGb: there[index]! } };
  });
  const accounts = valid.accounts.map((account, index) => ({
    ...account,
    limits: { ...account.limits, diskGb: 4 * needed[index]! },
  }));
  return { ...valid, hosts, accounts };
}

const asSpare = (valid: Declaration, name: string): Declaration => ({
  ...valid,
  hosts: valid.hosts.map((host) => (host.name === name ? { ...host, role: "spare" } : host)),
});

const hostsOf = (declaration: Declaration) =>
  planTakeover(declaration, ["h1"]).moves.map(({ number, host }) => [number, host]);

test("the largest account first, each where most disk is free", () => {
  expect(hostsOf(withDisk([10, 60, 20], [70, 40]))).toEqual([
    [1, "h3"],
    [2, "h2"],
    [3, "h3"],
  ]);
});

test("a spare host that gets an account is named, another one is not", () => {
  const spares = asSpare(asSpare(withDisk([10], [70, 40]), "h2"), "h3");
  expect(planTakeover(spares, ["h1"]).spares).toEqual(["h2"]);
});

test("hosts of another cell or site, and backup hosts, get no account", () => {
  const valid = withDisk([10], [70, 60, 20]);
  const hosts = valid.hosts.map((host) => {
    if (host.name === "h2") return { ...host, cell: "second" };
    return host.name === "h3" ? { ...host, role: "backup" as const } : host;
  });
  expect(hostsOf({ ...valid, hosts })).toEqual([[1, "h4"]]);
  const elsewhere = hosts.map((host) => (host.name === "h4" ? { ...host, site: "beta" } : host));
  expect(hostsOf({ ...valid, hosts: elsewhere })).toEqual([]);
});

test("hosts to be left out get no account", () => {
  expect(planTakeover(withDisk([10], [70, 40]), ["h1"], { without: ["h2"] }).moves).toMatchObject([{ host: "h3" }]);
});

test("a host that is declared lost gets none", () => {
  const valid = withDisk([10], [100, 50]);
  const lost = (name: string) =>
    valid.hosts.map((host) => (host.name === name ? { ...host, lost: "2026-11-27" } : host));
  expect(hostsOf(valid)).toEqual([[1, "h2"]]);
  expect(hostsOf({ ...valid, hosts: lost("h2") })).toEqual([[1, "h3"]]);
});

test("an account without room is named with the reason, and the others go all the same", () => {
  const { moves, homeless } = planTakeover(withDisk([80, 10], [70]), ["h1"]);
  expect(moves.map(({ number }) => number)).toEqual([2]);
  expect(homeless).toMatchObject([
    { number: 1, reason: "it is guaranteed 80 GB of disk, but no host has more than 70 free" },
  ]);
});

const withStandby = (valid: Declaration, standby: string): Declaration => ({
  ...valid,
  accounts: valid.accounts.map((account, index) => (index === 1 ? { ...account, standby } : account)),
});

test("an account with a standby goes there, wherever that is, and the two hosts change places", () => {
  const valid = withDisk([30, 40], [200, 65]);
  const elsewhere = valid.hosts.map((host) => (host.name === "h2" ? { ...host, site: "beta" } : host));
  expect(planTakeover(withStandby({ ...valid, hosts: elsewhere }, "h2"), ["h1"]).moves).toMatchObject([
    { number: 1, host: "h3" },
    { number: 2, host: "h2", standby: "h1" },
  ]);
});

test.each([
  ["is to be left out", ["h2"], {}],
  ["is lost", [], { lost: "2026-11-27" }],
  ["has no cores left", [], { capacity: { cores: 0.01, memoryMb: 262_144, diskGb: 200 } }],
])("one whose standby %s comes after those that have none, and never to it", (_, without, change) => {
  const valid = withStandby(withDisk([30, 40], [200, 65]), "h2");
  const hosts = valid.hosts.map((host) => (host.name === "h2" ? { ...host, ...change } : host));
  const { moves, homeless } = planTakeover({ ...valid, hosts }, ["h1"], { without });
  expect(moves).toEqual([{ number: 1, name: valid.accounts[0]!.name, host: "h3" }]);
  expect(homeless).toMatchObject([
    { number: 2, reason: "it is guaranteed 40 GB of disk, but no host has more than 35 free" },
  ]);
});

/** Hosts by name with the site that is given for them, and the fixture's site otherwise. */
const at = (valid: Declaration, sites: Readonly<Record<string, string>>): Declaration => ({
  ...valid,
  hosts: valid.hosts.map((host) => ({ ...host, site: sites[host.name] ?? host.site })),
});

/** As if all sites were backed up to the same one. */
const backedUpTogether = (valid: Declaration): Declaration => ({
  ...valid,
  sites: valid.sites.map((site) => ({ ...site, backupSite: "gamma" })),
});

test("accounts of several lost hosts share what is free on the others, and go to none of the lost", () => {
  const valid = withDisk([30, 30], [200, 35]);
  const accounts = valid.accounts.map((account, index) => (index === 1 ? { ...account, host: "h2" } : account));
  const { moves, homeless } = planTakeover({ ...valid, accounts }, ["h1", "h2"]);
  expect(moves).toMatchObject([{ number: 1, host: "h3" }]);
  expect(homeless).toMatchObject([
    { number: 2, reason: "it is guaranteed 30 GB of disk, but no host has more than 5 free" },
  ]);
});

test("accounts go to other sites only if that is said, after what is free at their own, and where their backups are", () => {
  const valid = backedUpTogether(at(withDisk([30, 30], [35, 100]), { h3: "beta" }));
  expect(planTakeover(valid, ["h1"])).toMatchObject({ moves: [{ host: "h2" }], homeless: [{ number: 2 }] });
  expect(planTakeover(valid, ["h1"], { elsewhere: true })).toMatchObject({
    moves: [
      { number: 1, host: "h2" },
      { number: 2, host: "h3", elsewhere: true },
    ],
    homeless: [],
  });
  const apart = { ...valid, sites: valid.sites.map((site) => ({ ...site, backupSite: `of-${site.name}` })) };
  expect(planTakeover(apart, ["h1"], { elsewhere: true })).toMatchObject({ homeless: [{ number: 2 }] });
});

test("elsewhere, accounts and those that come to their standby share what is free", () => {
  const valid = backedUpTogether(at(withDisk([30, 30], [200]), { h2: "beta" }));
  const cores = needsOf(valid.accounts, valid.plans)[0]!.cores;
  const small = valid.hosts.map((host) =>
    host.name === "h2" ? { ...host, capacity: { ...host.capacity, cores: 1.5 * cores } } : host,
  );
  const both = withStandby({ ...valid, hosts: small }, "h2");
  const { moves, homeless } = planTakeover(both, ["h1"], { elsewhere: true });
  expect(moves).toMatchObject([{ number: 2, host: "h2", standby: "h1" }]);
  expect(homeless).toMatchObject([{ number: 1 }]);
});

test("an account that goes to another host at its standby's site has the lost host as its standby", () => {
  const valid = backedUpTogether(at(withDisk([30, 30], [200, 200]), { h2: "beta", h3: "beta" }));
  const full = valid.hosts.map((host) =>
    host.name === "h2" ? { ...host, capacity: { ...host.capacity, cores: 0 } } : host,
  );
  const { moves } = planTakeover(withStandby({ ...valid, hosts: full }, "h2"), ["h1"], { elsewhere: true });
  expect(moves).toEqual([
    { number: 1, name: valid.accounts[0]!.name, host: "h3", elsewhere: true },
    { number: 2, name: valid.accounts[1]!.name, host: "h3", standby: "h1", elsewhere: true },
  ]);
});
