import { expect, test } from "vitest";
import { accountFixture, declarationFixture, hostFixture } from "../../../testing/fixtures/fixture.ts";
import { shareChanges } from "./shares.ts";

const capacity = { cores: 12, memoryMb: 1024, diskGb: 40 };
const on = (...numbers: number[]) => ({
  ...declarationFixture(),
  hosts: [hostFixture(1, { capacity })],
  accounts: numbers.map((number) => accountFixture(number)),
});
/** A plan's limits are 512 MiB and 10 GB. */
const burst = { cores: 12, ioPercent: 100, memoryMb: 512, diskGb: 10 };

test("equal weights share a host's cores and IO, limits its memory and disk; a new account reduces everybody's guarantee and nobody's burst", () => {
  expect(shareChanges(on(1, 2), on(1, 2, 3, 4, 5))).toEqual([
    {
      host: "h1",
      plan: "small",
      before: { accounts: 2, guaranteed: { cores: 6, ioPercent: 50, memoryMb: 512, diskGb: 10 }, burst },
      after: { accounts: 5, guaranteed: { cores: 2.4, ioPercent: 20, memoryMb: 204.8, diskGb: 8 }, burst },
    },
  ]);
});

test("an account with limits of its own has a share of its own, and changes those of its neighbours", () => {
  const before = on(1, 2);
  const [first, second] = before.accounts;
  const limits = { ...first!.limits, cpuWeight: 200, memoryMaxMb: 1536 };
  const heavy = { ...first!, limits, ownLimits: ["cpuWeight", "memoryMaxMb"] };
  const was = { accounts: 2, guaranteed: { cores: 6, ioPercent: 50, memoryMb: 512, diskGb: 10 }, burst };
  expect(shareChanges(before, { ...before, accounts: [heavy, second!] })).toEqual([
    {
      host: "h1",
      plan: "small",
      before: was,
      after: { accounts: 1, guaranteed: { cores: 4, ioPercent: 50, memoryMb: 256, diskGb: 10 }, burst },
    },
    {
      host: "h1",
      plan: "small",
      account: 1,
      before: undefined,
      after: {
        accounts: 1,
        guaranteed: { cores: 8, ioPercent: 50, memoryMb: 768, diskGb: 10 },
        // More than the host has is of no use.
        burst: { ...burst, memoryMb: 1024 },
      },
    },
  ]);
});

test("a change that changes nobody's share is not listed", () => {
  const renamed = { ...on(1, 2), accounts: [accountFixture(1, { name: "other" }), accountFixture(2)] };
  expect(shareChanges(on(1, 2), renamed)).toEqual([]);
});

test("an account that leaves takes its share along, and an empty host has none", () => {
  const [left] = shareChanges(on(1), on());
  expect(left).toMatchObject({ host: "h1", plan: "small", before: { accounts: 1 }, after: undefined });
  expect(shareChanges(on(), on())).toEqual([]);
});
