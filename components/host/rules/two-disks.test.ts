import { changed, testRule } from "../../../testing/test-rule.ts";
import { twoDisks } from "./two-disks.ts";

testRule(twoDisks, {
  "one disk": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, disks: host.disks.slice(0, 1) })),
    expect: ["host h1 disks: Host h1 has one disk (bay0)."],
    alsoBreaks: ["mounts-on-mirrors", "survives-any-single-loss"],
  },
  "no disk": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, disks: [] })),
    expect: ["host h1 disks: Host h1 has no disk."],
    alsoBreaks: ["mounts-on-mirrors", "survives-any-single-loss"],
  },
  "two entries for one slot": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        disks: host.disks.map((disk) => ({ ...disk, slot: "bay0" })),
        mirrors: host.mirrors.map((mirror) => ({ ...mirror, disks: ["bay0", "bay0"] })),
      })),
    expect: ["host h1 disks: Host h1 has one disk (bay0)."],
    alsoBreaks: ["mounts-on-mirrors", "survives-any-single-loss"],
  },
});
