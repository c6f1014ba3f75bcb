import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  AccountContainerInputs as Account,
  BareMetalHostInputs,
  Declaration,
} from "../../components/registry/kinds.generated.ts";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { allOn, changed, testRule } from "../../testing/test-rule.ts";
import { capacityAfterHostLoss } from "./capacity-after-host-loss.ts";

const messages = (declaration: Declaration) =>
  capacityAfterHostLoss.check(declaration, today).map(({ message }) => message);

testRule(capacityAfterHostLoss, {
  "a small host beside a large one": {
    break: (valid) =>
      changed(valid, "hosts", 1, (host) => ({ ...host, capacity: { ...host.capacity, memoryMb: 128 } })),
    expect: [
      "host h1 capacity: Without host h1 its group (site alpha, cell main) is too small: 128 MiB of memory are guaranteed to its accounts, 64 are free.",
    ],
    alsoBreaks: ["wakes-in-time"],
  },
  "hosts of a site in two cells": {
    break: (valid) => changed(valid, "hosts", 1, (host) => ({ ...host, cell: "second" })),
    expect: [
      "host h1 capacity: Without host h1 its group (site alpha, cell main) is too small: 0.1 cores are guaranteed to its accounts, 0 are free; 128 MiB of memory are guaranteed to its accounts, 0 are free; 5 GB of disk are guaranteed to its accounts, 0 are free.",
      "host h2 capacity: Without host h2 its group (site alpha, cell second) is too small: 0.05 cores are guaranteed to its accounts, 0 are free; 64 MiB of memory are guaranteed to its accounts, 0 are free; 2.5 GB of disk are guaranteed to its accounts, 0 are free.",
    ],
    alsoBreaks: ["backup-hosts-there"],
  },
  "a backup host is no room for accounts": {
    break: (valid) => changed(allOn(valid, "h1"), "hosts", 1, (host) => ({ ...host, role: "backup" })),
    expect: [
      "host h1 capacity: Without host h1 its group (site alpha, cell main) is too small: 0.15 cores are guaranteed to its accounts, 0 are free; 192 MiB of memory are guaranteed to its accounts, 0 are free; 7.5 GB of disk are guaranteed to its accounts, 0 are free.",
    ],
  },
});

test("a spare host is room; plans without takeover ask for none", () => {
  const valid = declarationFixture({ hosts: 1 });
  const check = (declaration: typeof valid) => capacityAfterHostLoss.check(declaration, today);
  expect(check(valid)).toHaveLength(1);
  expect(check({ ...valid, plans: valid.plans.map((plan) => ({ ...plan, takeover: false })) })).toEqual([]);
  expect(check({ ...valid, hosts: [...valid.hosts, { ...valid.hosts[0]!, name: "spare", role: "spare" }] })).toEqual(
    [],
  );
});

describe("accounts are placed whole", () => {
  const sizes = { hosts: 4, accounts: 3 };
  const withRoom = (diskGb: number, ...limits: number[]): Declaration => {
    const valid = allOn(declarationFixture(sizes), "h1");
    const hosts = valid.hosts.map((host, index) =>
      index === 0 ? host : { ...host, capacity: { ...host.capacity, diskGb } },
    );
    // The plan's disk may be promised four times.
    const accounts = valid.accounts.map((account, index) => ({
      ...account,
      limits: { ...account.limits, diskGb: 4 * limits[index]! },
    }));
    return { ...valid, hosts, accounts };
  };

  test("80 GB do not fit hosts with 70 GB free each, whatever their sum", () => {
    expect(messages(withRoom(70, 80, 10, 10))).toEqual([
      "Without host h1 its group (site alpha, cell main) has room in total, but none of its hosts has room for account 1 after the larger ones: it is guaranteed 80 GB of disk, but no host has more than 70 free.",
    ]);
    expect(messages(withRoom(80, 80, 10, 10))).toEqual([]);
  });

  test("property: whatever has room one beside the other is not refused", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 3, maxLength: 3 }), (limits) => {
        expect(messages(withRoom(Math.max(...limits), ...limits))).toEqual([]);
      }),
    );
  });
});

describe("accounts with a standby come to it", () => {
  const withStandby = (capacity: BareMetalHostInputs["capacity"], where: "alpha" | "beta"): Declaration => {
    const valid = declarationFixture();
    const far = { ...valid.hosts[0]!, name: "far", site: where, cell: "far", capacity };
    const accounts = valid.accounts.map((account) => ({ ...account, standby: "far" }));
    return { ...valid, hosts: [...valid.hosts, far], accounts };
  };

  test("all those of a lost site at once, others than those of one host", () => {
    expect(messages(withStandby({ cores: 0.1, memoryMb: 130, diskGb: 900 }, "beta"))).toEqual([
      "If site alpha is lost, 3 accounts come to standby host far, guaranteed 0.15 cores, but 0.1 are free; 192 MiB of memory, but 130 are free.",
    ]);
    expect(messages(withStandby({ cores: 0.1, memoryMb: 130, diskGb: 900 }, "alpha"))).toEqual([]);
    expect(messages(withStandby({ cores: 0.05, memoryMb: 192, diskGb: 900 }, "alpha"))).toEqual([
      "If host h1 is lost, 2 accounts come to standby host far, guaranteed 0.1 cores, but 0.05 are free.",
    ]);
    expect(messages(withStandby({ cores: 0.15, memoryMb: 192, diskGb: 7.5 }, "beta"))).toEqual([]);
  });

  test("their copies take disk at all times, so no room is left for others", () => {
    const valid = declarationFixture();
    const [first, second, third] = valid.accounts as [Account, Account, Account];
    // First and third live on h1, the second on h2, which also has a copy of the first.
    const accounts = [{ ...first, standby: "h2" }, second, third];
    const room = (diskGb: number) =>
      changed({ ...valid, accounts }, "hosts", 1, (host) => ({ ...host, capacity: { ...host.capacity, diskGb } }));
    expect(messages(room(12.5))).toEqual([]);
    expect(messages(room(12))).toEqual([
      "Without host h1 its group (site alpha, cell main) is too small: 2.5 GB of disk are guaranteed to its accounts, 2 are free.",
    ]);
  });
});
