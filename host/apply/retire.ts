import { systemd } from "../../components/host/systemd.host.ts";
import { nftables } from "../../components/network/nftables.host.ts";
import { type BundleFolder, folderOf } from "../../components/registry/bundle/bundle-folder.ts";
import type { ApplyReport, BundleFile } from "../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { said, systemctl } from "../os/systemd.ts";
import { possibleBases, readApplied, settleGenerations } from "../store/generations.ts";
import { routerOf } from "../store/host-name.ts";
import { foldersOf } from "../store/layout.ts";
import { marked, readDelivered, removeMarks, whileMoving } from "../store/moving.ts";
import { apply } from "./apply.ts";

/**
 * Takes a host out of service: all accounts and services of Fairhost stop and do not start again. Accounts' data and secrets stay, and
 * so does the firewall: a retired host must not be open. A second run changes nothing.
 * @throws ApplyError if a daemon of Debian would start at boot: without Fairhost's files it would serve its package's example.
 */
export async function retire(machine: Machine): Promise<ApplyReport> {
  const { bundle } = settleGenerations(machine);
  const host = bundle.groups.host;
  const files = (host?.files ?? []).filter(isFirewall);
  const units = (host?.units ?? []).filter(({ name }) => name === nftables.entry.unit);
  // Accounts that move away stay in force through any delivery, but not through this.
  for (const number of marked(machine, "leaving")) removeMarks(machine, number, "leaving");
  const groups = files.length + units.length > 0 ? { host: sealGroup({ files, units }) } : {};
  const report = await apply(machine, sealBundle(bundle.host, groups));
  const problem = await said(systemctl(machine, "disable", daemonsOf(foldersOf(routerOf(machine)))));
  if (problem) throw new ApplyError(`Everything is stopped, but may start at boot: systemctl disable: ${problem}`);
  return report;
}

/** Units of Debian's packages that read a folder, which the packages enable at boot: all but the firewall. */
export function daemonsOf(folders: readonly BundleFolder[]): string[] {
  const units = folders.flatMap(({ entry, takesEffect }) => [
    ...(entry ? [entry.unit] : []),
    ...(takesEffect.by === "reload" ? [takesEffect.unit] : []),
  ]);
  return [...new Set(units)].filter((unit) => unit !== nftables.entry.unit && !unit.startsWith("fairhost-"));
}

function isFirewall({ path }: BundleFile): boolean {
  return (
    folderOf(path, [nftables]) !== undefined ||
    (folderOf(path, [systemd]) !== undefined && path.includes(nftables.entry.unit))
  );
}

/**
 * After a boot: if a run was interrupted between the switch and the end of its hooks, completes the hooks, or rolls back if that does
 * not run. @returns undefined if there was nothing to do.
 */
export async function recover(machine: Machine): Promise<ApplyReport | undefined> {
  const current = settleGenerations(machine);
  const bases = possibleBases(machine, current, readApplied(machine)?.number ?? 0);
  if (bases.length === 1) return undefined;
  // While accounts move, what is in force is only a part of what was delivered, which the moves still need.
  const delivered = readDelivered(machine);
  const isOfIt = whileMoving(machine, current.bundle, delivered).digest === current.bundle.digest;
  return apply(machine, isOfIt ? delivered : current.bundle);
}
