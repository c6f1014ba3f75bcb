import { changed, testRule } from "../../../testing/test-rule.ts";
import { mountsOnMirrors } from "./mounts-on-mirrors.ts";

testRule(mountsOnMirrors, {
  "no mirror for the system": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, mirrors: host.mirrors.slice(1) })),
    expect: ["host h1 mirrors: Host h1 has no mirror for /."],
  },
  "no mirror for the accounts": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, mirrors: host.mirrors.slice(0, 1) })),
    expect: ["host h1 mirrors: Host h1 has no mirror for /srv/accounts."],
  },
  "two mirrors for one mount": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        mirrors: [...host.mirrors, { name: "more", level: "raid1", disks: ["bay0", "bay1"], mount: "/" }],
      })),
    expect: ["host h1 mirrors: Host h1 has 2 mirrors (system, more) for /."],
  },
  "another level": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        mirrors: host.mirrors.map((mirror) => ({ ...mirror, level: "raid0" })),
      })),
    expect: [
      "host h1 mirrors.0.level: Mirror system of host h1 is raid0, not raid1.",
      "host h1 mirrors.1.level: Mirror data of host h1 is raid0, not raid1.",
    ],
  },
  "one disk, the same disk twice, no disk": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        mirrors: [
          { ...host.mirrors[0]!, disks: ["bay1"] },
          { ...host.mirrors[1]!, disks: ["bay0", "bay0"] },
          { name: "spare", level: "raid1", disks: [], mount: "/spare" },
        ],
      })),
    expect: [
      "host h1 mirrors.0.disks: Mirror system of host h1 has one disk (bay1).",
      "host h1 mirrors.1.disks: Mirror data of host h1 has one disk (bay0).",
      "host h1 mirrors.2.disks: Mirror spare of host h1 has no disk.",
    ],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "a disk the host does not have": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        mirrors: [host.mirrors[0]!, { ...host.mirrors[1]!, disks: ["bay0", "bay7"] }],
      })),
    expect: ["host h1 mirrors.1.disks.1: Mirror data of host h1 names disk bay7, which the host does not have."],
    alsoBreaks: ["survives-any-single-loss"],
  },
});
