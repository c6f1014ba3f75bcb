import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineName } from "../../delivery/protocol/databases.ts";
import { restoringAccounts } from "../../delivery/protocol/moving.ts";
import { databasesOf, servers } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { systemctl, unitStates } from "../os/systemd.ts";
import { readCurrent } from "../store/generations.ts";
import { isMarked } from "../store/moving.ts";
import { databaseOf, filesPart, logsPart } from "./archive.ts";
import {
  type Archive,
  accountDirectory,
  filesAlone,
  must,
  readArchives,
  requireQuiet,
  verify,
  withArchives,
} from "./archives.ts";

/** Milliseconds that an earlier run's unit may take to go. */
const patience = 15_000;

/** In an archive while its files are being restored: an interrupted run may go on. */
const restoring = "restoring";

/**
 * Puts the files and logs of the newest archive into an account that is declared and suspended here, and has no file yet.
 * @throws ApplyError if a part of the archive is damaged, or the account has files: nothing was changed then
 */
export function restoreFiles(machine: Machine, number: number): Promise<string> {
  return withArchives(machine, number, async () => {
    const newest = newestOf(machine, number);
    if (!(await requireQuiet(machine, number)).declared) {
      throw new ApplyError(
        `account ${number} is not on this host: declare it with \`suspended\`, deploy, then try again`,
      );
    }
    const target = accountDirectory(machine, number);
    // Nothing is restored of an archive with a part that this release does not know.
    for (const part of Object.keys(newest.record.parts)) databaseOf(part);
    await verify(machine, newest);
    const marker = join(newest.path, restoring);
    if (!existsSync(marker)) {
      const found = await must(machine, "find", [...filesAlone(target), "!", "-type", "d", "-print", "-quit"]);
      const [first] = found.stdout.split("\n");
      if (first) throw new ApplyError(`account ${number} has files already (${first}): move them away first`);
      machine.disk.create(marker, "", 0o600, { sync: true });
    }
    for (const part of [filesPart, logsPart]) {
      if (!newest.record.parts[part]) continue;
      machine.say(`account ${number}: restoring ${part}`);
      const options = [
        "--extract",
        "--zstd",
        `--file=${join(newest.path, part)}`,
        `--directory=${target}`,
        "--preserve-permissions",
      ];
      await must(machine, "tar", [
        ...options,
        "--same-owner",
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=user.*",
        "--acls",
      ]);
    }
    machine.disk.remove(marker);
    return newest.path;
  });
}

/**
 * Restores the databases of the newest archive into those that are declared now. A dump contains what the account
 * wrote, so it is restored as the account, in its sandbox, with its limits.
 * @throws ApplyError if one of them is not declared, or a part is damaged or unknown: nothing was restored then
 */
export function restoreDatabases(machine: Machine, number: number): Promise<string> {
  return withArchives(machine, number, async () => {
    const newest = newestOf(machine, number);
    const { bundle } = readCurrent(machine);
    const account = bundle.groups[`account-${number}`]?.account;
    if (!account) throw new ApplyError(`account ${number} is not on this host`);
    const dumps = Object.keys(newest.record.parts).flatMap((part) => {
      const database = databaseOf(part);
      return database ? [{ part, ...database }] : [];
    });
    const declared = new Set(databasesOf(bundle, number).map(({ engine, name }) => `${engine} ${name}`));
    const missing = dumps.map(({ engine, name }) => `${engine} ${name}`).filter((each) => !declared.has(each));
    if (missing.length > 0) {
      throw new ApplyError(
        `the archive ${newest.path} has databases that account ${number} does not have here (${missing.join(", ")}): declare them (\`databases\` in its file) and resume it, deploy, then try again; nothing was restored`,
      );
    }
    await verify(machine, newest);
    for (const { part, engine, name } of dumps) {
      machine.say(`account ${number}: restoring ${part}`);
      await restoreInside(machine, { number, uid: account.uid }, join(newest.path, part), { engine, name });
    }
    return newest.path;
  });
}

/**
 * Restores a dump into a database as the account. The prefix drop-ins give the unit the account's sandbox, limits and sockets.
 * @param dump its file; undefined for standard input
 * @throws ApplyError if it is not wholly restored: its database is as it was then
 */
export async function restoreInside(
  machine: Machine,
  { number, uid }: { readonly number: number; readonly uid: number },
  dump: string | undefined,
  { engine, name }: { readonly engine: EngineName; readonly name: string },
): Promise<void> {
  const { command, afterFailure } = servers[engine].restore;
  const unitName = `account-${number}-restore-${engine}.service`;
  const unit = [`--unit=${unitName}`, `--slice=account-${number}.slice`, `--uid=${uid}`, `--gid=${uid}`];
  const input = dump === undefined ? 0 : openSync(dump, "r");
  const from = dump ?? `the dump of ${name}`;
  const restoring = machine.layout.at(join(restoringAccounts, `${number}`));
  machine.disk.makeDirectory(dirname(restoring), 0o700);
  machine.disk.replace(restoring, "", 0o600, { sync: false });
  try {
    // One that has failed stays loaded until the host has said so (components/account/sandbox/render-ended.ts).
    for (const end = performance.now() + patience; (await isLoaded(machine, unitName)) && performance.now() < end; )
      await sleep(100);
    const options = ["--quiet", "--pipe", "--wait", "--collect", ...unit];
    const child = spawn("systemd-run", [...options, "--", ...command(name)], { stdio: [input, "inherit", "inherit"] });
    const [status] = (await once(child, "close")) as [number | null];
    if (status !== 0)
      throw new ApplyError(
        `${from} was not restored (exit status ${status}): ${name} ${afterFailure}; remove the cause, then restore again`,
      );
    machine.say(`${from} is restored`);
  } finally {
    if (dump !== undefined) closeSync(input);
    machine.disk.remove(restoring);
    // An active slice asserts nothing any more. Of a move there are others at the same time, and only the applier starts what is left.
    if (dump !== undefined && isMarked(machine, "held", number))
      await systemctl(machine, "stop", [`account-${number}.slice`]);
  }
}

const isLoaded = async (machine: Machine, unit: string) => (await unitStates(machine)).has(unit);

function newestOf(machine: Machine, number: number): Archive {
  const newest = readArchives(machine, number).whole.at(-1);
  if (newest) return newest;
  throw new ApplyError(`account ${number} has no archive on this host`);
}
