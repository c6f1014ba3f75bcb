import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { DeclaredFacts, Difference } from "../../../delivery/protocol/inspection.ts";
import type { Machine } from "../../os/machine.ts";

/** Compares the declared mirrors with those of the kernel. Mirrors are found by their mount point, disks by serial. */
export function lookAtMirrors({ layout }: Machine, { mirrors = [], disks = [] }: DeclaredFacts): Difference[] {
  const serials = new Map(disks.map(({ slot, serial }) => [slot, serial]));
  return mirrors.flatMap(({ name, level, disks: slots, mount }): Difference[] => {
    const found = (
      message: string,
      repaired: Difference["repaired"],
      kind: Difference["kind"] = "mirror-degraded",
    ): Difference => {
      return { group: "host", kind, what: name, message, repaired };
    };
    const device = mountedFrom(layout.at, mount);
    const mirror = device && mirrorBelow(layout.at, device);
    if (!mirror)
      return [
        found(
          `${mount} is not on a mirror`,
          "by hand: check with findmnt which device is mounted there; a deploy does not change it",
        ),
      ];
    const md = layout.at(`/sys/block/${mirror}/md`);
    const differences: Difference[] = [];
    const is = text(join(md, "level"));
    if (is !== level)
      differences.push(found(`${mirror} at ${mount} is ${is}, but should be ${level}`, "by hand: create it again"));
    const missing = Number(text(join(md, "degraded")) ?? 0);
    const faulty = members(md).filter(({ state }) => state.includes("faulty"));
    const action = text(join(md, "sync_action")) ?? "idle";
    if (missing > 0 || faulty.length > 0) {
      const how = action === "recover" ? " and is resyncing" : "";
      const message = `${mirror} at ${mount} lacks ${Math.max(missing, faulty.length)} of its disks${how}`;
      const fix =
        action === "recover"
          ? "wait for the resync"
          : `replace the disk, then \`mdadm /dev/${mirror} --add\` its partition`;
      differences.push(found(message, `by hand: ${fix}`));
    }
    const wanted = new Map(slots.flatMap((slot) => (serials.has(slot) ? [[serials.get(slot)!, slot] as const] : [])));
    const there = members(md).filter(({ state }) => !state.includes("faulty"));
    for (const { disk } of there) {
      const serial = serialOf(layout.at, disk);
      // A disk without a serial proves nothing.
      if (serial === undefined || wanted.delete(serial)) continue;
      const message = `${mirror} at ${mount} contains disk ${disk} with serial ${serial}, which is not declared for it`;
      differences.push(found(message, "by hand: fix the inventory, or insert the declared disk", "mirror-disk"));
    }
    if (there.every(({ disk }) => serialOf(layout.at, disk) !== undefined)) {
      for (const [serial, slot] of wanted) {
        const message = `${mirror} at ${mount} lacks the declared disk of slot ${slot}, serial ${serial}`;
        differences.push(found(message, "by hand: insert it, or fix the inventory", "mirror-disk"));
      }
    }
    return differences;
  });
}

/** Kernel name of the device that is mounted at a mount point. */
function mountedFrom(at: (path: string) => string, mount: string): string | undefined {
  const table = at("/proc/self/mountinfo");
  const lines = existsSync(table) ? readFileSync(table, "utf8").split("\n") : [];
  // The last one hides the others.
  const number = lines.map((line) => line.split(" ")).findLast((fields) => fields[4] === mount)?.[2];
  const link = at(`/sys/dev/block/${number}`);
  const isThere = number !== undefined && lstatSync(link, { throwIfNoEntry: false }) !== undefined;
  return isThere ? basename(readlinkSync(link)) : undefined;
}

/** The mirror that a device is, or is built on (with encryption and volumes between). */
function mirrorBelow(at: (path: string) => string, device: string): string | undefined {
  if (existsSync(at(`/sys/block/${device}/md`))) return device;
  const below = at(`/sys/block/${device}/slaves`);
  for (const name of existsSync(below) ? readdirSync(below) : []) {
    const found = mirrorBelow(at, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Members of a mirror, each with its disk and its state. A partition is a subfolder of its disk. */
function members(md: string): { disk: string; state: string }[] {
  return readdirSync(md)
    .filter((name) => name.startsWith("dev-"))
    .map((name) => {
      // dev-vda1/block links to .../block/vda/vda1, or to .../block/vda of a whole disk.
      const [parent, own] = readlinkSync(join(md, name, "block"))
        .split("/")
        .slice(-2) as [string, string];
      return { disk: parent === "block" ? own : parent, state: text(join(md, name, "state")) ?? "" };
    });
}

function serialOf(at: (path: string) => string, disk: string): string | undefined {
  const direct = text(at(`/sys/block/${disk}/serial`)) ?? text(at(`/sys/block/${disk}/device/serial`));
  if (direct) return direct;
  const number = text(at(`/sys/block/${disk}/dev`));
  return /^E:ID_SERIAL_SHORT=(.+)$/m.exec(text(at(`/run/udev/data/b${number}`)) ?? "")?.[1];
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
