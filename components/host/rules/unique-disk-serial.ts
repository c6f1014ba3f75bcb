import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueDiskSerial = defineRule({
  name: "unique-disk-serial",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "No disk serial number appears twice in the fleet.",
  reason:
    "Two entries with the same serial number are one disk: a mirror of both has only one disk, or a host lists a disk that it does not contain.",
  fix: "Read the serial numbers off the disks (`lsblk -o NAME,SERIAL`) and correct the entries.",
  *find({ hosts }) {
    const disks = hosts.flatMap((host) => host.disks.map((disk, index) => ({ host, disk, index })));
    for (const { element, first } of repeats(disks, ({ disk }) => disk.serial)) {
      yield {
        subject: subject.host(element.host, `disks.${element.index}.serial`),
        message: `Disk ${element.disk.slot} of host ${element.host.name} has serial number ${element.disk.serial}, the same as disk ${first.disk.slot} of host ${first.host.name}.`,
      };
    }
  },
});
