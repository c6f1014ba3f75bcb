import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueDiskSerial = defineRule({
  name: "unique-disk-serial",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  description: "No serial number of a disk appears twice, in one host or in two.",
  reason:
    "Two entries with one serial number are one disk: a mirror over them has one leg, or a host lists a disk it does not hold.",
  remediation: "Read the serial numbers off the disks (`lsblk -o NAME,SERIAL`) and write each where its disk is.",
  *find({ hosts }) {
    const disks = hosts.flatMap((host) => host.disks.map((disk, index) => ({ host, disk, index })));
    for (const { element, first } of repeats(disks, ({ disk }) => disk.serial)) {
      yield {
        subject: subject.host(element.host, `disks.${element.index}.serial`),
        message: `Disk ${element.disk.slot} of host ${element.host.name} has serial number ${element.disk.serial}, as disk ${first.disk.slot} of host ${first.host.name} has.`,
      };
    }
  },
});
