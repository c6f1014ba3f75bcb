import { join } from "node:path";
import fc from "fast-check";
import { Address6 } from "ip-address";
import { describe, expect, test } from "vitest";
import { schema as accountSchema } from "../../components/account/account.file.ts";
import type { Account } from "../../components/declaring.ts";
import { defaultUidBase, freeUids, identity, largestNumber, largestNumberAt } from "../../components/declaring.ts";
import type { Fleet } from "../../components/registry/files.generated.ts";
import { loadFleet } from "../load/load.ts";
import { declare } from "./declare.ts";

const { fleet: lab } = await loadFleet(join(import.meta.dirname, "../../inventory/lab"));
const [web1] = lab.hosts;

/** Two sites, two hosts at each: a place for any accounts. */
const ground: Fleet = {
  ...lab,
  sites: [
    { ...lab.sites[0]!, prefix: "fd00:8000::/40" },
    { ...lab.sites[0]!, name: "other", prefix: "fd00:8100::/40" },
  ],
  hosts: ["lab", "lab", "other", "other"].map((site, index) => ({ ...web1!, name: `h${index}`, site })),
  accounts: [],
  tombstones: [],
};

/** Numbers that fit a /48 and a /40, those at the edges most of all. */
const number = fc.oneof(
  fc.integer({ min: 1, max: 65_535 }),
  fc.integer({ min: 1, max: largestNumber }),
  fc.constantFrom(1, 2, 9, 10, 15, 16, 255, 256, 65_534, 65_535, 65_536, 2 ** 23, largestNumber - 1, largestNumber),
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
  test("follows from the number, the site and the first uid alone", () => {
    expect(identity(1204, { prefix: "2a00:b6e0:1::/48" }, 200_000)).toEqual({
      uid: 201_204,
      gid: 201_204,
      user: "a1204",
      slice: "account-1204.slice",
      directory: "/srv/accounts/1204",
      prefix: "2a00:b6e0:1:4b4::/64",
      address: "2a00:b6e0:1:4b4::1",
    });
    expect(identity(16_777_215, { prefix: "2a00:b6e0:100::/40" }, defaultUidBase)).toMatchObject({
      uid: 1_916_777_215,
      prefix: "2a00:b6e0:1ff:ffff::/64",
    });
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN])("number %s is refused at a /48", (wrong) => {
    expect(() => identity(wrong, { prefix: "fd00:8000::/48" }, 200_000)).toThrow(
      `account number ${wrong} is not a whole number from 1 to 65535, as fd00:8000::/48 has room for`,
    );
  });

  test.each(["fd00:8000::/56", "fd00::/39"])("a site's prefix %s is refused", (prefix) => {
    expect(() => identity(1, { prefix }, 200_000)).toThrow(`the site's prefix ${prefix} is not a /40 to /48`);
  });

  test("every number and prefix length: inside the site, canonical, in a free range of uids, no carry into the site's bits", () => {
    const site = fc.integer({ min: 40, max: 48 }).chain((length) =>
      fc.record({
        length: fc.constant(length),
        prefix: fc.bigInt({ min: 0n, max: 2n ** BigInt(length - 32) - 1n }).map((own) => {
          const first = (0x2a00b6e0n << 96n) | (own << BigInt(128 - length));
          return `${Address6.fromBigInt(first).correctForm()}/${length}`;
        }),
      }),
    );
    fc.assert(
      fc.property(site, fc.double({ min: 0, max: 1, noNaN: true }), ({ prefix }, share) => {
        const most = largestNumberAt({ prefix });
        const one = 1 + Math.floor(share * (most - 1));
        const own = identity(one, { prefix }, defaultUidBase);
        expect(own.gid).toBe(own.uid);
        expect(freeUids.some(({ first, last }) => own.uid >= first && own.uid <= last)).toBe(true);
        const [address, subnet] = [new Address6(own.address), new Address6(prefix)];
        expect(address.isInSubnet(new Address6(own.prefix)) && address.isInSubnet(subnet)).toBe(true);
        expect(address.correctForm()).toBe(own.address);
        expect(`${new Address6(own.prefix.replace("/64", "")).correctForm()}/64`).toBe(own.prefix);
        expect((address.bigInt() - subnet.startAddress().bigInt()) >> 64n).toBe(BigInt(one));
        expect(own.prefix).not.toBe(`${subnet.startAddress().correctForm()}/64`);
        expect(() => identity(most + 1, { prefix }, defaultUidBase)).toThrow(RangeError);
      }),
    );
  });

  test("no two numbers share anything", () => {
    fc.assert(
      fc.property(fc.uniqueArray(number, { minLength: 2 }), (numbers) => {
        const all = numbers.map((one) => identity(one, { prefix: "2a00:b6e0:100::/40" }, defaultUidBase));
        for (const key of ["uid", "user", "slice", "directory", "prefix", "address"] as const) {
          expect(new Set(all.map((own) => own[key])).size).toBe(numbers.length);
        }
      }),
    );
  });
});

describe("allocation of a whole fleet", () => {
  test("uids, users, slices, directories, prefixes, addresses and units: each once, in its range", () => {
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
        for (const { uid } of containers)
          expect(uid > defaultUidBase && uid <= defaultUidBase + largestNumber).toBe(true);
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

  test("a limit in an account's own file wins over its plan's, the others stay the plan's", () => {
    const [first, ...others] = lab.accounts;
    const own = { ...first!, limits: { memoryMaxMb: 777, swapMaxMb: 0 } };
    const declared = (account: Account) => declare({ ...lab, accounts: [account, ...others] }).accounts[0]!;
    expect(declared(own)).toEqual({
      ...declared(first!),
      limits: { ...declared(first!).limits, memoryMaxMb: 777, swapMaxMb: 0 },
      ownLimits: ["memoryMaxMb", "swapMaxMb"],
    });
    expect(declared(first!)).not.toHaveProperty("ownLimits");
  });

  test("front ends count what lives on their host", () => {
    const counts = ["web1", "web2"].map((host) => {
      const own = lab.accounts.filter((account) => account.host === host);
      return { host, accounts: own.length, httpServers: own.flatMap(({ httpServers }) => httpServers).length };
    });
    expect(counts.map(({ accounts }) => accounts)).toEqual([
      expect.toSatisfy((n) => n > 0),
      expect.toSatisfy((n) => n > 0),
    ]);
    expect(declare(lab).frontEnds).toEqual(counts.map((count) => ({ ...count, ports: [80] })));
  });
});

test("a site that has an owned range as a whole: one range by that name, so that a review without a change finds none", () => {
  const whole = { ...lab, network: { ...lab.network, prefixes: [lab.sites[0]!.prefix] } };
  const { ranges } = declare(whole);
  expect(ranges).toEqual([{ prefix: "fd00:8000::/48", version: 6, site: "lab", purpose: "hosts and accounts" }]);
  expect(new Set(ranges.map(({ prefix }) => prefix)).size).toBe(ranges.length);
});
