import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueDiskSerial } from "./unique-disk-serial.ts";

testRule(uniqueDiskSerial, {
  "a mirror of one disk": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({ ...host, disks: host.disks.map((disk) => ({ ...disk, serial: "S" })) })),
    expect: ["host h1 disks.1.serial: Disk bay1 of host h1 has serial number S, the same as disk bay0 of host h1."],
  },
  "a disk in two hosts": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        disks: [host.disks[0]!, { ...host.disks[1]!, serial: valid.hosts[1]!.disks[0]!.serial }],
      })),
    expect: ["host h2 disks.0.serial: Disk bay0 of host h2 has serial number S2-0, the same as disk bay1 of host h1."],
  },
});
