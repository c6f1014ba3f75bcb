import { join } from "node:path";
import fc from "fast-check";
import { Address6 } from "ip-address";
import { describe, expect, test } from "vitest";
import { accountSchema } from "../../components/account/account.schema.ts";
import { loadFleet } from "../load/load.ts";
import type { Account, Fleet } from "../schemas/index.ts";
import { declare, httpPort, identity, uidBase } from "./declare.ts";

const { fleet: lab } = await loadFleet(join(import.meta.dirname, "../../inventory/lab"));
const [web1] = lab.hosts;

/** Two sites, two hosts at each: a place for any accounts. */
const ground: Fleet = {
  ...lab,
  sites: [lab.sites[0]!, { ...lab.sites[0]!, name: "other", prefix: "fd00:8000:ffff::/48" }],
  hosts: ["lab", "lab", "other", "other"].map((site, index) => ({ ...web1!, name: `h${index}`, site })),
  accounts: [],
  tombstones: [],
};

const number = fc.oneof(
  fc.integer({ min: 1, max: 65_535 }),
  fc.constantFrom(1, 2, 9, 10, 15, 16, 255, 256, 65_534, 65_535),
);

const server = fc.record({
  number: fc.integer({ min: 1, max: 999 }),
  kind: fc.constant("static"),
});

/** Accounts as the loader passes them: numbers once, servers' numbers and names once inside each. */
const accounts: fc.Arbitrary<Account[]> = fc.uniqueArray(
  fc
    .record({
      number,
      host: fc.constantFrom("h0", "h1", "h2", "h3"),
      httpServers: fc.uniqueArray(server, { selector: (one) => one.number, maxLength: 4 }),
    })
    .map((account) =>
      accountSchema.parse({
        ...account,
        name: `n${account.number}`,
        plan: "small",
        httpServers: account.httpServers.map((one) => ({ ...one, name: `s${one.number}` })),
      }),
    ),
  { selector: (account) => account.number, maxLength: 30 },
);

/** Everything of an account that others rely on; the host is not part of it. */
function allocated(fleet: Fleet, account: number): unknown {
  const declaration = declare(fleet);
  const { host: _host, ...container } = declaration.accounts.find((one) => one.number === account)!;
  const { host: _place, ...address } = declaration.addresses.find((one) => one.account === account)!;
  const servers = declaration.httpServers.filter((one) => one.account === account).map(({ host: _at, ...one }) => one);
  return { container, address, servers };
}

describe("identity", () => {
  test("follows from the number and the site alone", () => {
    expect(identity(1204, { prefix: "2a00:b6e0:1::/48" })).toEqual({
      uid: 201_204,
      gid: 201_204,
      user: "a1204",
      slice: "account-1204.slice",
      directory: "/srv/accounts/1204",
      prefix: "2a00:b6e0:1:4b4::/64",
      address: "2a00:b6e0:1:4b4::1",
    });
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN])("number %s is refused", (wrong) => {
    expect(() => identity(wrong, { prefix: "fd00:8000::/48" })).toThrow(RangeError);
  });

  test("a site's prefix that is no /48 is refused", () => {
    expect(() => identity(1, { prefix: "fd00:8000::/56" })).toThrow("the site's prefix fd00:8000::/56 is not a /48");
  });

  test("every number: inside the ranges, canonical, different from every other", () => {
    const site = lab.sites[0]!;
    const subnet = new Address6(site.prefix);
    const seen = new Set<string>();
    for (let one = 1; one <= 65_535; one++) {
      const own = identity(one, site);
      // Above useradd's people, systemd's dynamic users and nobody; below systemd's containers.
      if (own.uid <= 65_535 || own.uid >= 524_288 || own.gid !== own.uid) throw new Error(`uid ${own.uid}`);
      for (const value of [own.uid, own.user, own.slice, own.directory, own.prefix, own.address])
        seen.add(String(value));
      if (one % 257 !== 1) continue;
      const address = new Address6(own.address);
      expect(address.isInSubnet(new Address6(own.prefix))).toBe(true);
      expect(address.isInSubnet(subnet)).toBe(true);
      expect(address.correctForm()).toBe(own.address);
      expect(own.prefix).not.toBe(`${subnet.startAddress().correctForm()}/64`);
    }
    expect(seen.size).toBe(6 * 65_535);
  });
});

describe("allocation of a whole fleet", () => {
  test("uids, users, slices, directories, prefixes, addresses, units and listening places: each once, in its range", () => {
    fc.assert(
      fc.property(accounts, (list) => {
        const { accounts: containers, addresses, httpServers } = declare({ ...ground, accounts: list });
        const once = (values: readonly unknown[]) => expect(new Set(values).size).toBe(values.length);
        expect(containers).toHaveLength(list.length);
        for (const key of ["number", "uid", "gid", "user", "slice", "directory"] as const) {
          once(containers.map((container) => container[key]));
        }
        once(addresses.map(({ prefix }) => prefix));
        once(addresses.map(({ address }) => address));
        once(httpServers.map(({ unit }) => unit));
        once(httpServers.map(({ listen }) => `${listen.address} ${listen.port}`));
        for (const { listen, number: own } of httpServers) expect(listen.port).toBe(httpPort({ number: own }));
        for (const { listen } of httpServers) expect(listen.port > 8000 && listen.port < 9000).toBe(true);
        for (const { uid } of containers) expect(uid > uidBase && uid <= uidBase + 65_535).toBe(true);
      }),
    );
  });

  test("nothing moves when accounts are added, removed or reordered, or move to another host of the site", () => {
    const sameSite: Record<string, string> = { h0: "h1", h1: "h0", h2: "h3", h3: "h2" };
    fc.assert(
      fc.property(
        accounts.filter((list) => list.length > 0),
        fc.infiniteStream(fc.boolean()),
        fc.infiniteStream(fc.nat()),
        (list, coins, keys) => {
          const [kept, ...others] = list as [Account, ...Account[]];
          const before = allocated({ ...ground, accounts: list }, kept.number);
          const fewer = others.filter(() => coins.next().value);
          const moved = { ...kept, host: sameSite[kept.host]!, httpServers: [...kept.httpServers].reverse() };
          const shuffled = [...fewer, moved]
            .map((account) => ({ account, key: keys.next().value! }))
            .sort((a, b) => a.key - b.key)
            .map(({ account }) => account);
          const changed: Fleet = {
            ...ground,
            accounts: shuffled,
            hosts: [...ground.hosts].reverse(),
            sites: [...ground.sites].reverse(),
          };
          expect(allocated(changed, kept.number)).toEqual(before);
        },
      ),
    );
  });

  test("the order of the fleet's lists never shows", () => {
    const reversed: Fleet = {
      ...lab,
      hosts: [...lab.hosts].reverse(),
      accounts: [...lab.accounts].reverse(),
      sites: [...lab.sites].reverse(),
      network: {
        ...lab.network,
        routers: [...lab.network.routers].reverse(),
        switches: [...lab.network.switches].reverse(),
      },
    };
    expect(declare(reversed)).toEqual(declare(lab));
  });

  test("a number with a tombstone, or given twice, is refused", () => {
    fc.assert(
      fc.property(
        accounts.filter((list) => list.length > 0),
        fc.boolean(),
        (list, dead) => {
          const taken = list.at(-1)!;
          const fleet: Fleet = dead
            ? { ...ground, accounts: list, tombstones: [{ number: taken.number, name: "gone", deleted: "2026-11-02" }] }
            : { ...ground, accounts: [...list, { ...taken, name: "second" }] };
          expect(() => declare(fleet)).toThrow(`account number ${taken.number} of`);
        },
      ),
    );
  });

  test("a cell holds its hosts and what lives on them, and nothing else; the cells together hold everything", () => {
    fc.assert(
      fc.property(accounts, (list) => {
        const fleet: Fleet = {
          ...ground,
          accounts: list,
          hosts: ground.hosts.map((host, index) => ({ ...host, cell: index % 2 === 0 ? "main" : "second" })),
        };
        const [whole, main, second] = [
          declare(fleet),
          declare(fleet, { cell: "main" }),
          declare(fleet, { cell: "second" }),
        ];
        for (const key of ["hosts", "accounts", "addresses", "httpServers", "frontEnds"] as const) {
          expect(main[key].length + second[key].length).toBe(whole[key].length);
          for (const part of main[key]) expect(whole[key]).toContainEqual(part);
        }
        expect(main.accounts.every(({ host }) => host === "h0" || host === "h2")).toBe(true);
      }),
    );
  });

  test("an account on a host that is not there is refused", () => {
    const stray = { ...lab.accounts[0]!, host: "db7" };
    expect(() => declare({ ...lab, accounts: [stray] })).toThrow('the host of account 1, "db7", is not in the fleet');
  });

  test("front ends count what lives on their host", () => {
    expect(declare(lab).frontEnds).toEqual([
      { host: "web1", ports: [80], accounts: 2, httpServers: 2 },
      { host: "web2", ports: [80], accounts: 2, httpServers: 2 },
    ]);
  });
});
