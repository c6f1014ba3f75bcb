import { changed, testRule } from "../../../testing/test-rule.ts";
import { hotSwapSsds } from "./hot-swap-ssds.ts";

testRule(hotSwapSsds, {
  "a turning disk": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({ ...host, disks: [host.disks[0]!, { ...host.disks[1]!, kind: "hdd" }] })),
    expect: ["host h1 disks.1.kind: Disk bay1 of host h1 is of kind hdd, not ssd."],
  },
  "a disk screwed in": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        disks: [{ ...host.disks[0]!, hotSwap: false }, host.disks[1]!],
      })),
    expect: ["host h1 disks.0.hotSwap: Disk bay0 of host h1 cannot be hot-swapped."],
  },
});
