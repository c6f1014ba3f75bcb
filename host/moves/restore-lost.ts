import { join } from "node:path";
import type { Bundle, BundleAccount, BundleGroup } from "../../delivery/protocol/bundle.ts";
import { accountDirectory, requireQuiet, withArchives } from "../archives/archives.ts";
import { certificatesName, declarationName, inSnapshot } from "../backups/backup.ts";
import { copiedRepositories } from "../backups/copies.ts";
import { endLeft, mustRestic } from "../backups/restic.ts";
import {
  type Context,
  dumpsIn,
  openDirectories,
  restoreDatabase,
  restoreFiles,
  spooledIn,
} from "../backups/restore.ts";
import { type OtherHost, type Snapshot, snapshotsOf } from "../backups/snapshots.ts";
import { withBackup } from "../backups/state.ts";
import { databasesIn } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { awaited, readDelivered, restored, setMark } from "../store/moving.ts";
import { takeCertificates } from "./certificates.ts";
import { type MoveState, moveState } from "./state.ts";
import { notExpected } from "./steps.ts";

/** There is nothing to restore, whatever is tried: everybody has answered, and no other secret opens more. */
export class NoBackup extends ApplyError {}

/**
 * Restores all of an account that comes from a lost host, or from the machine that this host was before: files, databases and certificates of its newest whole backup. Only when all of it is there may the
 * account land. A run that was cut off is done again from the beginning.
 * @param lost the lost host; without it, this host's own backups
 * @returns what it was restored from, and what was not, in a sentence
 * @throws ApplyError if there is no backup, or not all of it came: the account stays held
 */
export function restoreLost(machine: Machine, number: number, lost?: OtherHost): Promise<string> {
  return withBackup(machine, number, () =>
    withArchives(machine, number, async () => {
      const { coming, restoring, databases } = moveState(machine, number);
      const bundle = readDelivered(machine);
      const account = bundle.groups[`account-${number}`]?.account;
      if (!coming || restoring === undefined || !account) throw notExpected(number);
      if (restoring !== awaited) return restoring;
      await endLeft(machine, number);
      await requireQuiet(machine, number);
      const restore = (copyToo: boolean) => restoreNewest(machine, account, databases, lost, bundle, copyToo);
      const done = await restore(true).catch((error: unknown) => {
        if (!(error instanceof ApplyError) || copiedRepositories(machine, number).length === 0) throw error;
        machine.say(`account ${number}: the copy on this host cannot be restored: ${error.message}`);
        return restore(false);
      });
      setMark(machine, "restoring", number, done);
      return done;
    }),
  );
}

/** @param copyToo also from the copy that this host has as the account's standby @returns a sentence */
async function restoreNewest(
  machine: Machine,
  account: BundleAccount,
  databases: MoveState["databases"],
  lost: OtherHost | undefined,
  bundle: Bundle,
  copyToo: boolean,
): Promise<string> {
  const { number } = account;
  const by = lost?.name ?? bundle.host;
  const { found, wrong, otherEpochs, isAway } = await snapshotsOf(machine, number, lost, { bundle }, copyToo);
  // A standby has a copy for just this: that nobody answers who could have a newer one is no reason to wait.
  const hasCopy = found.at(-1)?.opened.directory !== undefined;
  if (wrong.length > 0 && !(isAway && hasCopy)) {
    throw new ApplyError(`cannot tell which backup is the newest (${wrong.join("; ")})`);
  }
  const { snapshot, names, dumps, passed } = await newestWhole(found);
  if (!snapshot) {
    const older = otherEpochs.map(
      (epoch) =>
        `; there are backups of epoch ${epoch}: restore them with the escrowed master secret of that epoch (\`fairhost-host move ${number} restore-backup ${by} ${epoch}\`, the secret on standard input), then ${lost ? "deploy again" : `\`fairhost-host move ${number} land\``}`,
    );
    if (passed.length + older.length === 0) throw new NoBackup(`there is no backup of it by ${by}`);
    throw new ApplyError(`there is no ${passed.length > 0 ? "whole " : ""}backup of it by ${by}${older.join("")}`);
  }
  machine.say(`account ${number}: restoring from ${snapshot.time} (${snapshot.id.slice(0, 8)})`);
  const directory = accountDirectory(machine, number);
  await openDirectories(machine, account, [join(directory, "home"), join(directory, "lib")]);
  const context: Context = { machine, snapshot, account, beside: undefined, exactly: true };
  await restoreFiles(context, "home");
  await restoreFiles(context, "lib");
  for (const each of databases) if (has(dumps, each)) await restoreDatabase(context, each.engine, each.name);
  // Backups of older releases have none: the CA gives new ones then.
  if (names.includes(certificatesName)) await restoreCertificates(snapshot, number);
  const empty = databases.filter((each) => !has(dumps, each));
  const undeclared = dumps.filter((each) => !has(databases, each));
  return [
    `${restored}${shortTime(snapshot)} by ${by}${snapshot.opened.directory === undefined ? "" : ", from the copy on this host"}`,
    ...(wrong.length > 0 ? [`whether there is a newer one is not known (${wrong.join(", ")})`] : []),
    ...passed.map((time) => `that of ${time} is not whole: it lacks a database`),
    ...empty.map(({ engine, name }) => `database ${name} (${engine}) is empty: that backup does not have it`),
    ...undeclared.map(({ engine, name }) => `database ${name} (${engine}) is left out: it is not declared`),
  ].join("; ");
}

type Database = Pick<MoveState["databases"][number], "engine" | "name">;

function has(list: readonly Database[], of: Database): boolean {
  return list.some(({ engine, name }) => engine === of.engine && name === of.name);
}

const shortTime = ({ time }: Snapshot) => `${time.slice(0, 19)}Z`;

/** The newest snapshot with a dump of each database that the account had then, and the times of newer ones. */
async function newestWhole(found: readonly Snapshot[]) {
  const passed: string[] = [];
  for (const snapshot of found.toReversed()) {
    const { opened, id } = snapshot;
    const names = await spooledIn(snapshot);
    const dumps = dumpsIn(names).map(([engine, name]): Database => ({ engine, name }));
    const declaration = `${inSnapshot}/databases/${declarationName}`;
    const then = databasesIn(
      JSON.parse(await mustRestic(opened, ["dump", "--no-lock", id, declaration])) as BundleGroup,
    );
    if (then.every((each) => has(dumps, each))) return { snapshot, names, dumps, passed };
    passed.push(shortTime(snapshot));
  }
  return { names: [], dumps: [], passed };
}

async function restoreCertificates({ opened, id }: Snapshot, number: number): Promise<void> {
  const path = `${inSnapshot}/databases/${certificatesName}`;
  takeCertificates(opened.machine, number, await mustRestic(opened, ["dump", "--no-lock", id, path]));
}
