import { changed, testRule } from "../../testing/test-rule.ts";
import { overcommitWithinPlan } from "./overcommit-within-plan.ts";

const capacity =
  (change: { memoryMb?: number; diskGb?: number; cores?: number }) => (valid: Parameters<typeof changed>[0]) =>
    changed(valid, "hosts", 0, (host) => ({ ...host, capacity: { ...host.capacity, ...change } }));

testRule(overcommitWithinPlan, {
  "memory sold too often": {
    break: (valid) => changed(valid, "plans", 0, (plan) => ({ ...plan, overcommit: { memory: 0.001, disk: 4 } })),
    expect: [
      "host h1 capacity: The accounts of host h1 take 1024000 MiB of memory at their plans' overcommit, but it has 262144.",
      "host h2 capacity: The accounts of host h2 take 512000 MiB of memory at their plans' overcommit, but it has 262144.",
    ],
  },
  "a disk too small": {
    break: capacity({ diskGb: 4.9 }),
    expect: ["host h1 capacity: The accounts of host h1 take 5 GB of disk at their plans' overcommit, but it has 4.9."],
    alsoBreaks: ["capacity-after-host-loss"],
  },
  "a disk too small for the copies of accounts that it is the standby of": {
    break: (valid) =>
      changed(
        changed(valid, "accounts", 0, (account) => ({ ...account, standby: "h2" })),
        "hosts",
        1,
        (host) => ({ ...host, capacity: { ...host.capacity, diskGb: 4 } }),
      ),
    expect: [
      "host h2 capacity: The accounts of host h2 and the copies of 1 account that it is the standby of take 10 GB of disk at their plans' overcommit, but it has 4.",
    ],
    alsoBreaks: ["capacity-after-host-loss"],
  },
  "fewer cores than guaranteed": {
    break: capacity({ cores: 0.09 }),
    expect: ["host h1 capacity: The accounts of host h1 take 0.1 guaranteed cores, but it has 0.09."],
    alsoBreaks: ["capacity-after-host-loss"],
  },
  "less memory than guaranteed": {
    break: capacity({ memoryMb: 127 }),
    expect: [
      "host h1 capacity: The accounts of host h1 take 128 MiB of memory at their plans' overcommit, but it has 127.",
      "host h1 capacity: The accounts of host h1 take 128 MiB of guaranteed memory, but it has 127.",
    ],
    alsoBreaks: ["capacity-after-host-loss", "wakes-in-time"],
  },
});
