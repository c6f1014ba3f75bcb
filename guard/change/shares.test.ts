import { expect, test } from "vitest";
import { accountFixture, declarationFixture, hostFixture } from "../../testing/fixture.ts";
import { shareChanges } from "./shares.ts";

const on = (...numbers: number[]) => ({
  ...declarationFixture(),
  hosts: [hostFixture(1, { capacity: { cores: 12, memoryMb: 1, diskGb: 1 } })],
  accounts: numbers.map((number) => accountFixture(number)),
});

test("equal weights share a host's cores; a new account reduces everybody's guarantee and nobody's burst", () => {
  expect(shareChanges(on(1, 2), on(1, 2, 3))).toEqual([
    {
      host: "h1",
      plan: "small",
      before: { accounts: 2, guaranteedCores: 6, burstCores: 12 },
      after: { accounts: 3, guaranteedCores: 4, burstCores: 12 },
    },
  ]);
});

test("another weight changes the shares of its neighbours", () => {
  const before = on(1, 2);
  const [first, second] = before.accounts;
  const heavy = { ...first!, plan: "large", limits: { ...first!.limits, cpuWeight: 200 } };
  expect(shareChanges(before, { ...before, accounts: [heavy, second!] })).toEqual([
    { host: "h1", plan: "large", before: undefined, after: { accounts: 1, guaranteedCores: 8, burstCores: 12 } },
    {
      host: "h1",
      plan: "small",
      before: { accounts: 2, guaranteedCores: 6, burstCores: 12 },
      after: { accounts: 1, guaranteedCores: 4, burstCores: 12 },
    },
  ]);
});

test("a change that changes nobody's share is not listed", () => {
  const renamed = { ...on(1, 2), accounts: [accountFixture(1, { name: "other" }), accountFixture(2)] };
  expect(shareChanges(on(1, 2), renamed)).toEqual([]);
});
