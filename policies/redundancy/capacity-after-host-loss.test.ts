import { expect, test } from "vitest";
import { declarationFixture, today } from "../../testing/fixture.ts";
import { allOn, changed, testRule } from "../../testing/test-rule.ts";
import { capacityAfterHostLoss } from "./capacity-after-host-loss.ts";

testRule(capacityAfterHostLoss, {
  "a small host beside a large one": {
    break: (valid) =>
      changed(valid, "hosts", 1, (host) => ({ ...host, capacity: { ...host.capacity, memoryMb: 128 } })),
    expect: [
      "host h1 capacity: Without host h1 its group (site alpha, cell main) is too small: 192 MiB of memory are guaranteed, 128 are left.",
    ],
  },
  "hosts of a site in two cells": {
    break: (valid) => changed(valid, "hosts", 1, (host) => ({ ...host, cell: "second" })),
    expect: [
      "host h1 capacity: Without host h1 its group (site alpha, cell main) is too small: 0.1 cores are guaranteed, 0 are left; 128 MiB of memory are guaranteed, 0 are left; 5 GB of disk are guaranteed, 0 are left.",
      "host h2 capacity: Without host h2 its group (site alpha, cell second) is too small: 0.05 cores are guaranteed, 0 are left; 64 MiB of memory are guaranteed, 0 are left; 2.5 GB of disk are guaranteed, 0 are left.",
    ],
  },
  "a backup host is no room for accounts": {
    break: (valid) => changed(allOn(valid, "h1"), "hosts", 1, (host) => ({ ...host, role: "backup" })),
    expect: [
      "host h1 capacity: Without host h1 its group (site alpha, cell main) is too small: 0.15 cores are guaranteed, 0 are left; 192 MiB of memory are guaranteed, 0 are left; 7.5 GB of disk are guaranteed, 0 are left.",
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
