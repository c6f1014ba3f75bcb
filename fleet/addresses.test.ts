import { join } from "node:path";
import { expect, test } from "vitest";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { addressPlan, csv, table } from "./addresses.ts";
import { declare } from "./declare/declare.ts";
import { loadFleet } from "./load/load.ts";

async function declared(name: string): Promise<Declaration> {
  return declare((await loadFleet(join(import.meta.dirname, "../inventory", name))).fleet);
}

test("the lab's address plan, as CSV, is the golden one", async () => {
  await expect(csv(addressPlan(await declared("lab")))).toMatchFileSnapshot("addresses.golden.csv");
});

test("JSON leaves out properties that do not apply", async () => {
  const plan = addressPlan(await declared("lab"));
  expect(JSON.parse(JSON.stringify(plan.filter(({ name }) => name?.startsWith("1"))))).toEqual([
    {
      kind: "account",
      name: "1",
      site: "lab",
      host: "web1",
      prefix: "fd00:8000:0:1::/64",
      address: "fd00:8000:0:1::1",
    },
  ]);
});

test("the example fleet: front ends have IPv4 addresses, and every account and host its line", async () => {
  const declaration = await declared("prod");
  const plan = addressPlan(declaration);
  const of = (kind: string) => plan.filter((line) => line.kind === kind);
  expect(of("front end")[1]).toEqual({
    kind: "front end",
    name: "par1-web1",
    site: "par1",
    host: "par1-web1",
    address: "185.31.40.11",
  });
  expect(of("site").filter(({ name }) => name === "par1")).toEqual([
    { kind: "site", name: "par1", site: "par1", prefix: "2a00:b6e0:100::/40", free: 16_777_215 - 14 },
    { kind: "site", name: "par1", site: "par1", prefix: "185.31.40.0/26", free: 64 - 5 },
  ]);
  expect(of("account")).toHaveLength(declaration.accounts.length);
  expect(of("host")).toHaveLength(declaration.hosts.length);
  expect(of("router")).toHaveLength(declaration.routers.length);
});

test("ranges of sites and free ranges add up to the owned ranges exactly, without overlap", async () => {
  const { ranges, ...rest } = await declared("prod");
  const plan = addressPlan({ ranges, ...rest });
  const size = (prefix: string) => 2n ** BigInt((prefix.includes(":") ? 128 : 32) - Number(prefix.split("/")[1]));
  const sum = (prefixes: readonly string[]) => prefixes.reduce((total, prefix) => total + size(prefix), 0n);
  const free = plan.flatMap(({ kind, prefix }) => (kind === "free" ? [prefix!] : []));
  const used = ranges.flatMap(({ purpose, prefix }) => (purpose === "owned" ? [] : [prefix]));
  const owned = ranges.flatMap(({ purpose, prefix }) => (purpose === "owned" ? [prefix] : []));
  expect(sum(free) + sum(used)).toBe(sum(owned));
  expect(new Set(free).size).toBe(free.length);
  expect(free.filter((prefix) => prefix.startsWith("185."))).toEqual([
    "185.31.40.64/26",
    "185.31.40.128/25",
    "185.31.41.64/26",
    "185.31.41.128/25",
    "185.31.42.0/23",
  ]);
  // An unused range is free as a whole; a range that one site uses completely has no free part.
  expect(free).toContain("188.72.70.0/24");
  const whole = { prefix: "192.0.2.0/24", version: 4, within: "192.0.2.0/24", site: "par1", purpose: "front ends" };
  const lone = { prefix: "192.0.2.0/24", version: 4, purpose: "owned" };
  expect(addressPlan({ ...rest, ranges: [lone, whole] }).filter(({ kind }) => kind === "free")).toEqual([]);
});

test("the plan does not depend on the order of the declaration", async () => {
  const declaration = await declared("prod");
  const { sites, hosts, routers, accounts, addresses, frontEnds } = declaration;
  const reversed = {
    ...declaration,
    sites: sites.toReversed(),
    hosts: hosts.toReversed(),
    routers: routers.toReversed(),
    accounts: accounts.toReversed(),
    addresses: addresses.toReversed(),
    frontEnds: frontEnds.toReversed(),
  };
  expect(addressPlan(reversed)).toEqual(addressPlan(declaration));
});

test("CSV quotes only fields that RFC 4180 requires to be quoted", () => {
  expect(csv([])).toBe("kind,name,site,host,prefix,address,free\r\n");
  const line = {
    kind: "host",
    name: 'rack 4, "blue"',
    site: "two\nlines",
    host: "a\rb",
    prefix: "a b",
    free: 0,
  } as const;
  expect(csv([line])).toBe(
    'kind,name,site,host,prefix,address,free\r\nhost,"rack 4, ""blue""","two\nlines","a\rb",a b,,0\r\n',
  );
});

test("the table: aligned, with everything in it, and within 100 columns for the example fleet", async () => {
  const plan = addressPlan(await declared("prod"));
  const [head, ...lines] = table(plan).trimEnd().split("\n");
  expect(lines).toHaveLength(plan.length);
  const start = head!.indexOf("address");
  for (const [index, { kind, name = "", site = "", host = "", ...line }] of plan.entries()) {
    const text = lines[index]!;
    expect(text.slice(0, start).split(/ {2,}/).filter(Boolean)).toEqual([kind, name, site, host].filter(Boolean));
    const address = text.slice(start);
    for (const part of [line.address, line.address ? undefined : line.prefix, line.free])
      expect(address).toContain(String(part ?? ""));
    expect(text.length).toBeLessThanOrEqual(80);
  }
  const account = plan.findIndex(({ kind, name }) => kind === "account" && name === "1001");
  expect(lines[account]!.slice(start)).toBe("2a00:b6e0:100:3e9::1/64");
});
