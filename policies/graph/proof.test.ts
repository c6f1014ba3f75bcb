import fc from "fast-check";
import { expect, test } from "vitest";
import { type Failure, failures } from "../../components/inputs.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { alive, type Cut, cuts } from "../../testing/brute-force.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { provePairs, proveSingles } from "./proof.ts";

/** Small fleets of every shape: with any power, links and places, also with circles and with missing elements. */
const fleet: fc.Arbitrary<Declaration> = fc
  .record({
    hosts: fc.integer({ min: 1, max: 3 }),
    routers: fc.integer({ min: 1, max: 3 }),
    switches: fc.integer({ min: 1, max: 3 }),
    operators: fc.integer({ min: 0, max: 3 }),
    picks: fc.infiniteStream(fc.nat()),
    survives: fc.subarray([...failures]),
  })
  .map(({ hosts, routers, switches, operators, picks, survives }) => {
    const pick = <T>(values: readonly T[]): T => values[picks.next().value! % values.length]!;
    const some = <T>(values: readonly T[], most: number): T[] => [
      ...new Set(Array.from({ length: pick([1, 2, most]) }, () => pick(values))),
    ];
    const valid = declarationFixture({ hosts, accounts: 2 * hosts });
    const names = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
    const [routerNames, switchNames, hostNames] = [names("rt", routers), names("sw", switches), names("h", hosts)];
    const halls = ["one", "two"].map((name) => ({
      name,
      chains: ["a", "b"].map((chain) => ({ name: chain, feed: pick(["north", "south"]) })),
      racks: ["r1", "r2"],
    }));
    const sites = ["alpha", "beta"].map((name) => ({ ...valid.sites[0]!, name, halls }));
    const place = () => ({ site: pick(["alpha", "beta"]), hall: pick(["one", "two"]), rack: pick(["r1", "r2"]) });
    const supplies = () =>
      names("psu", pick([1, 2, 2])).map((name) => ({
        name,
        model: "p",
        chain: pick(["a", "b", "b", "gone"]),
        feed: "?",
      }));
    return {
      ...valid,
      sites,
      networks: [
        {
          ...valid.networks[0]!,
          operators: names("op", operators).map((name, index) => {
            return { name, asNumber: index + 1, routers: some([...routerNames, "gone"], 3) };
          }),
        },
      ],
      routers: routerNames.map((name) => ({
        ...valid.routers[0]!,
        ...place(),
        name,
        powerSupplies: supplies(),
        links: some(routerNames, 3).filter((other) => other !== name),
      })),
      switches: switchNames.map((name) => ({
        ...valid.switches[0]!,
        ...place(),
        name,
        powerSupplies: supplies(),
        uplinks: some(routerNames, 3).map((router, index) => ({ port: `up${index}`, router })),
      })),
      hosts: valid.hosts.map((host) => ({
        ...host,
        ...place(),
        powerSupplies: supplies(),
        disks: names("bay", pick([1, 2])).map((slot) => ({ ...host.disks[0]!, slot })),
        mirrors: [{ name: "data", level: "raid1", disks: some(["bay1", "bay2"], 2), mount: "/" }],
        links: some([...switchNames, "gone"], 3).map((to, index) => ({
          port: `eth${index}`,
          switch: to,
          switchPort: "1",
          switchManufacturer: "x",
        })),
      })),
      plans: [{ ...valid.plans[0]!, survives }],
      accounts: valid.accounts.map((account) => {
        const standby = pick([undefined, ...hostNames]);
        return { ...account, ...(standby !== undefined && standby !== account.host && { standby }) };
      }),
    };
  });

/** Number of accounts that each cut takes down, found by checking each account by itself. */
function search(declaration: Declaration, tried: readonly (readonly Cut[])[]): Map<string, number> {
  const survives = new Set<Failure>(declaration.plans[0]!.survives);
  const lost = new Map<string, number>();
  for (const cut of tried) {
    if (!cut.every(({ failure }) => survives.has(failure))) continue;
    const down = declaration.accounts.filter(
      (account) =>
        alive(declaration, account, []) &&
        !alive(declaration, account, cut) &&
        (cut.length === 1 || cut.every((one) => alive(declaration, account, [one]))),
    );
    if (down.length > 0) lost.set(nameOf(cut), down.length);
  }
  return lost;
}

function nameOf(cut: readonly { readonly name: string }[]): string {
  return cut
    .map(({ name }) => name)
    .sort()
    .join(" and ");
}

function proven(counterexamples: ReturnType<typeof proveSingles>["counterexamples"]): Map<string, number> {
  return new Map(counterexamples.map(({ cut, accounts }) => [nameOf(cut), accounts]));
}

test("finds exactly what a search through every element and every account finds", () => {
  let found = 0;
  fc.assert(
    fc.property(fleet, (declaration) => {
      const expected = search(
        declaration,
        cuts(declaration).map((cut) => [cut]),
      );
      const proof = proveSingles(declaration);
      found += expected.size;
      expect(proven(proof.counterexamples)).toEqual(expected);
      expect(proof.tried).toBe(cuts(declaration).length);
      const down = declaration.accounts.filter((account) => !alive(declaration, account, [])).length;
      expect(proof.down.reduce((sum, { accounts }) => sum + accounts, 0)).toBe(down);
      for (const { message } of [...proof.counterexamples, ...proof.down])
        expect(message).toMatch(/service: |no standby|loses? service;/);
    }),
    { numRuns: 300, seed: 1 },
  );
  expect(found).toBeGreaterThan(100);
});

test("finds exactly the pairs that a search through every two elements finds", () => {
  let found = 0;
  fc.assert(
    fc.property(fleet, (declaration) => {
      const all = cuts(declaration);
      const pairs = all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other]));
      const expected = search(declaration, pairs);
      found += expected.size;
      expect(proven(provePairs(declaration).counterexamples)).toEqual(expected);
    }),
    // A fixed seed: how many pairs are found must not depend on chance.
    { numRuns: 25, seed: 1 },
  );
  expect(found).toBeGreaterThan(20);
});

test("100 hosts and 30,000 accounts: thirty times as many accounts take far less than 900 times as long", () => {
  const time = (accounts: number) => {
    const declaration = declarationFixture({ hosts: 100, accounts });
    const begin = performance.now();
    const { tried, counterexamples } = proveSingles(declaration);
    expect(tried).toBeGreaterThan(900);
    expect(counterexamples).toEqual([]);
    return performance.now() - begin;
  };
  time(1000);
  expect(time(30_000)).toBeLessThan(100 * Math.min(time(1000), time(1000)));
});
