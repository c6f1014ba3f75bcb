import { existsSync } from "node:fs";
import { backupRecords } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { isMarked, marked, ownAwaited, readMark, restored, setMark } from "./moving.ts";

/**
 * Holds accounts that this host had when it was another machine, and that are not here: begun empty, an application would take that for its first start, and the next
 * backup, of nothing, would be the newest whole one. Those whose data is here, or that have no backup site, go on as they are. Can be repeated.
 * @param current what is in force
 * @param numbers those that the host had (docs/decisions/0128)
 */
export function holdAwaited(machine: Machine, current: Bundle, delivered: Bundle, numbers: readonly number[]): void {
  for (const number of numbers) {
    const group = delivered.groups[`account-${number}`];
    const isBackedUp = group?.files.some(({ path }) => path === `${backupRecords}${number}`);
    if (!group?.account || !isBackedUp || current.groups[`account-${number}`]) continue;
    if (isMarked(machine, "coming", number) || existsSync(machine.layout.at(group.account.directory))) continue;
    // The directory comes last: without it, a run that was killed here does all of it again. `coming` comes after what keeps it from landing.
    setMark(machine, "restoring", number, ownAwaited);
    setMark(machine, "held", number);
    setMark(machine, "coming", number);
    machine.disk.makeDirectory(machine.layout.at(group.account.directory), 0o711);
  }
}

/** Accounts that wait for their own host's backups, or are restored from one and have not landed. @param host its name */
export function awaitedAccounts(machine: Pick<Machine, "layout">, host: string): number[] {
  return marked(machine, "restoring").filter((number) => {
    const text = readMark(machine, "restoring", number);
    const isOwn = text === ownAwaited || (text.startsWith(restored) && / by ([a-z0-9-]+)/.exec(text)?.[1] === host);
    return isOwn && isMarked(machine, "coming", number);
  });
}

/** A line for the report, if there are any. */
export function awaitedInWords(machine: Machine, delivered: Bundle): string[] {
  const own = awaitedAccounts(machine, delivered.host).filter((number) => delivered.groups[`account-${number}`]);
  if (own.length === 0) return [];
  const [which, them] = own.length === 1 ? [`account ${own[0]} is`, "it"] : [`accounts ${own.join(", ")} are`, "them"];
  return [
    `this is another machine than before: ${which} held until \`fairhost-host restore-host\` has restored ${them} from the newest backup`,
  ];
}
