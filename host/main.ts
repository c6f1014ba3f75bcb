import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ApplyReport } from "../delivery/protocol/bundle.ts";
import { apply } from "./apply/apply.ts";
import { init } from "./apply/init.ts";
import { jobById, jobOf, runDetached } from "./apply/job.ts";
import { type Received, receive } from "./apply/receive.ts";
import { recover, retire } from "./apply/retire.ts";
import { formatStatus, status } from "./apply/status.ts";
import { archive } from "./archives/archive.ts";
import { purge, removeData } from "./archives/remove.ts";
import { restoreDatabases, restoreFiles } from "./archives/restore.ts";
import { backupCommands } from "./backups/commands.ts";
import { hasDrift } from "./inspect/difference.ts";
import { formatHealth, health } from "./inspect/health.ts";
import { formatInspection, inspect, readFacts } from "./inspect/inspect.ts";
import { moveCommand } from "./moves/commands.ts";
import { purgeSuperseded } from "./moves/steps.ts";
import { bansCommand } from "./os/bans.ts";
import { dumpDatabase } from "./os/databases.ts";
import { ApplyError, type Machine, machine as machineAt } from "./os/machine.ts";
import { type Generation, noGeneration, readApplied, readCurrent } from "./store/generations.ts";
import { withLock } from "./store/lock.ts";
import { storeReport } from "./store/report.ts";

const usage = `Usage: fairhost-host [--root DIR] COMMAND

  apply             apply the delivery on standard input to this host; progress on standard error, the report
                    (one line of JSON) on standard output
  retire            stop all accounts and services of Fairhost; accounts' data, secrets and the firewall stay
  status [--json]   show the generation in force and drift of files, units and firewall; changes nothing
  inspect [--json]  compare this host with the generation in force and with what is declared (JSON on standard input,
                    may be empty); changes nothing
  health [--json] [ACCOUNT...]
                    check units and the front end, and ask these accounts for a page (up to 5; else a sample of
                    5), which wakes them; what they answer is shown and is no problem of the host
  bans [--json]     list addresses that sent too many wrong passwords and are refused for ten minutes, with the seconds left
  bans lift ADDRESS end the ban of an address, or of the /64 it is in
  dump-database ENGINE NAME
                    write a consistent dump of a database (postgresql or mariadb, a1204_shop) to standard output
  archive ACCOUNT [--keep-days DAYS]
                    archive files, logs and databases of an account that is suspended or no longer on this host, by
                    its number; the archive is kept for 30 days, or as many as given
  restore ACCOUNT files|databases
                    put the files of the newest archive into an account that is suspended and has none, or its
                    databases into those of an account in service
  remove ACCOUNT    remove the data of an account that is no longer on this host, if its newest archive has all of it
  move ACCOUNT state|keep|expect|stop|empty|land|leave|cancel
  move ACCOUNT expect-backup|land-without-backup
  move ACCOUNT restore-backup HOST EPOCH
  move ACCOUNT send|receive running|last
  move ACCOUNT restore ENGINE NAME
  move ACCOUNT show-certificates|take-certificates
                    one part of a move to another host; \`guard deploy\` runs these. state shows how far it is (JSON);
                    cancel lets an account run again where it is declared. An account of a lost host lands only when
                    restore-backup is done (master secret of HOST, of that epoch, on standard input), or without
  purge             remove copies that moves have left, and archives, whose time is over (a timer does this once a day)
  backup [--due] [ACCOUNT...]
                    back up all accounts of this host, or these; --due leaves out those whose newest backup is
                    younger than 12 hours (a timer does this once a day)
  backups ACCOUNT [--of HOST]
                    list the backups of an account that this host made. --of: those that another host made, whose
                    master secret is on standard input (also below)
  backups [--json]  list all accounts of this host: their newest backup, and when one was last restored as a drill
  drill [--due] [ACCOUNT...]
                    restore the newest backups of all accounts of this host, or of these, beside them, compare them,
                    and remove that again; what was seen is signed and kept. --due: as long as two hours have not
                    passed, in random order, those whose proof is half as old as it may be (a timer does this once a day)
  restore-backup ACCOUNT files [PATH]|database ENGINE NAME|account [--snapshot ID] [--in-place] [--of HOST]
                    restore the home or one path in it, a database, or all, from the newest backup or the one given:
                    into a new directory of the home, or with --in-place over what is there
  show-backups ACCOUNT [SECONDS]
                    mount an account's backups in its admin/backup until nobody has read them for 600 seconds, or as
                    many as given (fairhost-backup-view@.service does this when the account looks)
  expire-backups    on a backup host: remove backups whose time is over, and read a seventh of them (a timer does this
                    once a day)
  verify-backups [ACCOUNT...]
                    on a backup host: read all backups, or those of these accounts, and name damaged files
  init              create the fixed symlinks and the recovery unit (the bootstrap does this)
  recover           finish or roll back an interrupted change (done at boot)

Exit status: 0 unchanged or applied, 2 wrong usage, 3 applied but some accounts keep their old files,
4 rolled back, 5 failed: nothing changed, or not everything verified, or the dump is not complete.
status, inspect and health: 0 no drift or healthy, 1 drift or unhealthy, 2 wrong usage, 5 check failed.
--root DIR works on a directory tree instead of this host: writes files, and only names hooks.
`;

const exitCodes: Record<ApplyReport["result"], number> = {
  unchanged: 0,
  applied: 0,
  partial: 3,
  "rolled-back": 4,
  failed: 5,
};

async function main(): Promise<number> {
  process.umask(0o022);
  // A lost session must not end the work: output that cannot be written is dropped.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const options = {
    root: { type: "string", default: "/" },
    json: { type: "boolean", default: false },
    due: { type: "boolean", default: false },
    snapshot: { type: "string" },
    "in-place": { type: "boolean", default: false },
    of: { type: "string" },
    "keep-days": { type: "string", default: "30" },
  } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const machine = machineAt(parsed.values.root, (line) => process.stderr.write(`${line}\n`));
  const [command, argument] = parsed.positionals;
  switch (command) {
    case "apply":
      return conclude(machine, () => applyDelivery(machine, readFileSync(0, "utf8")));
    case "apply-spooled":
      return applySpooled(machine, argument ?? "");
    case "retire":
      return conclude(machine, () => withLock(machine, "retire", () => retire(named(machine))));
    case "recover":
      return conclude(machine, () => withLock(machine, "recover", () => recover(named(machine))));
    case "dump-database":
      return look(machine, () => dumpDatabase(machine, argument ?? "", parsed.positionals[2] ?? ""));
    case "archive":
    case "restore":
    case "remove":
    case "purge": {
      const work = life(machine, command, parsed.positionals.slice(1), Number(parsed.values["keep-days"]));
      if (!work) {
        process.stderr.write(usage);
        return 2;
      }
      return look(machine, async () => {
        for (const path of await work()) process.stdout.write(`${path}\n`);
        return 0;
      });
    }
    case "bans":
    case "move": {
      const words = parsed.positionals.slice(1);
      const work = command === "bans" ? bansCommand(machine, words, parsed.values.json) : moveCommand(machine, words);
      if (work) return look(machine, work);
      process.stderr.write(usage);
      return 2;
    }
    case "init":
      for (const line of await withLock(machine, "init", () => init(machine))) machine.say(line);
      return 0;
    case "status":
      return look(machine, async () => {
        const seen = await status(machine);
        process.stdout.write(parsed.values.json ? `${JSON.stringify(seen)}\n` : formatStatus(seen));
        return 0;
      });
    case "inspect":
      return look(machine, async () => {
        const facts = readFacts(process.stdin.isTTY ? "" : readFileSync(0, "utf8"));
        const seen = await inspect(machine, facts, process.argv[1]!);
        process.stdout.write(parsed.values.json ? `${JSON.stringify(seen)}\n` : formatInspection(seen));
        return hasDrift(seen.differences) ? 1 : 0;
      });
    case "health": {
      const numbers = parsed.positionals.slice(1).map(Number);
      if (numbers.some((number) => !Number.isSafeInteger(number) || number < 1)) {
        process.stderr.write(`give accounts by number\n\n${usage}`);
        return 2;
      }
      return look(machine, async () => {
        const seen = await health(machine, numbers);
        process.stdout.write(parsed.values.json ? `${JSON.stringify(seen)}\n` : formatHealth(seen));
        return seen.healthy ? 0 : 1;
      });
    }
    default: {
      const work = Object.hasOwn(backupCommands, command ?? "")
        ? backupCommands[command!]!(machine, parsed.positionals.slice(1), parsed.values)
        : undefined;
      if (work) return look(machine, work);
      process.stderr.write(usage);
      return 2;
    }
  }
}

/**
 * What happens to the data of one account.
 * @returns the work, which gives the paths that it is about; undefined if the words make no sense
 */
function life(
  machine: Machine,
  command: "archive" | "restore" | "remove" | "purge",
  [of, what, ...more]: readonly string[],
  keepDays: number,
): (() => Promise<readonly string[]>) | undefined {
  const number = Number(of);
  if (command === "purge") {
    if (of !== undefined) return undefined;
    return async () => [...(await purgeSuperseded(machine, new Date())), ...(await purge(machine, new Date()))];
  }
  if (!Number.isSafeInteger(number) || number < 1 || more.length > 0) return undefined;
  if (command === "restore") {
    const restore = what === "files" ? restoreFiles : what === "databases" ? restoreDatabases : undefined;
    return restore && (async () => [await restore(machine, number)]);
  }
  if (what !== undefined) return undefined;
  if (command === "remove") return async () => [await removeData(machine, number)];
  const isDays = Number.isSafeInteger(keepDays) && keepDays >= 1 && keepDays <= 3660;
  return isDays ? async () => [await archive(machine, number, keepDays)] : undefined;
}

/** A failed check must not look like a healthy host. */
async function look(machine: Machine, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    machine.say(error instanceof ApplyError ? error.message : String((error as Error).stack ?? error));
    return 5;
  }
}

async function applyDelivery(machine: Machine, text: string): Promise<ApplyReport> {
  const received = receive(text);
  if (!machine.live) return applyReceived(machine, received);
  const job = jobOf(machine, received);
  return runDetached(machine, job, text, [process.execPath, process.argv[1]!, "apply-spooled", job.id]);
}

function applyReceived(
  machine: Machine,
  { bundle, masterSecret, secretEpoch, dnsSecrets }: Received,
): Promise<ApplyReport> {
  const secret = { master: masterSecret, epoch: secretEpoch, dns: dnsSecrets };
  return withLock(machine, "apply", () => apply(named(machine, bundle.host), bundle, secret));
}

/** The part of `apply` that runs in its own unit. Nobody reads its standard output; the report goes to a file. */
async function applySpooled(machine: Machine, id: string): Promise<number> {
  const job = jobById(machine.layout.jobs, id);
  const report = await reported(machine, () => {
    const text = readFileSync(job.delivery, "utf8");
    // Remove it at once: it contains a secret, and a later client must be able to write its own.
    machine.disk.remove(job.delivery);
    return applyReceived(machine, receive(text));
  });
  machine.disk.replace(job.report, JSON.stringify(report), 0o600);
  return 0;
}

/** Prints the report and gives its exit status. */
async function conclude(machine: Machine, work: () => Promise<ApplyReport | undefined>): Promise<number> {
  const report = await reported(machine, work);
  if (!report) return 0;
  for (const { group, message } of report.errors) machine.say(`${group}: ${message}`);
  machine.say(`${report.host}: ${report.result}, generation ${report.generation}`);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return exitCodes[report.result];
}

/** An apply that could not be tried gives a report, too. */
async function reported<T extends ApplyReport | undefined>(
  machine: Machine,
  work: () => Promise<T>,
): Promise<T | ApplyReport> {
  let report: T | ApplyReport;
  try {
    report = await work();
  } catch (error) {
    const { number, bundle } = inForce(machine);
    const message = error instanceof ApplyError ? error.message : String((error as Error).stack ?? error);
    report = {
      host: bundle.host,
      digest: bundle.digest,
      result: "failed",
      generation: `${number}`,
      changedGroups: [],
      filesWritten: 0,
      hooks: [],
      repaired: [],
      errors: [{ group: "host", message }],
    };
  }
  if (report) storeReport(machine, report);
  return report;
}

/** The generation in force, or the empty one if that is not known: the error being reported says so. */
function inForce(machine: Machine): Generation {
  try {
    return readApplied(machine) ? readCurrent(machine) : noGeneration;
  } catch {
    return noGeneration;
  }
}

/** Progress lines begin with the host's name, because a controller shows lines of many hosts together. */
function named(machine: Machine, host: string = readCurrent(machine).bundle.host): Machine {
  return { ...machine, say: (line) => machine.say(`${host}: ${line}`) };
}

process.exitCode = await main();
