import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ApplyReport } from "../delivery/protocol/bundle.ts";
import { hasDrift } from "../delivery/protocol/inspection.ts";
import { exitStatuses } from "../lib/user-error.ts";
import { apply } from "./apply/apply.ts";
import { init } from "./apply/init.ts";
import { jobById, jobOf, runDetached } from "./apply/job.ts";
import { type Received, receive } from "./apply/receive.ts";
import { recover, retire } from "./apply/retire.ts";
import { formatStatus, status } from "./apply/status.ts";
import { archiveCommand } from "./archives/commands.ts";
import { backupCommands } from "./backups/commands.ts";
import { copyAccount } from "./copies/copy.ts";
import { exitStatusOf, messageOf } from "./exit.ts";
import { formatHealth, health } from "./inspect/health.ts";
import { formatInspection, inspect, readFacts } from "./inspect/inspect.ts";
import { moveCommand } from "./moves/commands.ts";
import { fence, startNow } from "./moves/fence.ts";
import { dumpDatabase } from "./os/databases/databases.ts";
import { type Machine, machine as machineAt } from "./os/machine.ts";
import { bansCommand } from "./os/network/bans.ts";
import { type Generation, noGeneration, readApplied, readCurrent } from "./store/generations.ts";
import { requireSameKind } from "./store/host-name.ts";
import { withLock } from "./store/lock.ts";
import { storeReport } from "./store/report.ts";
import { usage } from "./usage.ts";

/** The report says which of the results that are not as declared it was. */
const exitCodes: Record<ApplyReport["result"], number> = {
  unchanged: exitStatuses.done,
  applied: exitStatuses.done,
  partial: exitStatuses.failed,
  "rolled-back": exitStatuses.failed,
  failed: exitStatuses.failed,
};

async function main(): Promise<number> {
  process.umask(0o022);
  // A lost session must not end the work: output that cannot be written is dropped.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const options = {
    root: { type: "string", default: "/" },
    help: { type: "boolean", short: "h", default: false },
    json: { type: "boolean", default: false },
    due: { type: "boolean", default: false },
    often: { type: "boolean", default: false },
    snapshot: { type: "string" },
    "in-place": { type: "boolean", default: false },
    of: { type: "string" },
    replace: { type: "boolean", default: false },
    "keep-days": { type: "string", default: "30" },
  } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return wrongUsage((error as Error).message);
  }
  if (parsed.values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const machine = machineAt(parsed.values.root, (line) => process.stderr.write(`${line}\n`));
  const [command, argument] = parsed.positionals;
  switch (command) {
    case "apply":
      return conclude(machine, () => applyDelivery(machine, readFileSync(0, "utf8")), !machine.live);
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
      const work = archiveCommand(machine, command, parsed.positionals.slice(1), Number(parsed.values["keep-days"]));
      if (!work) return wrongUsage();
      return look(machine, async () => {
        for (const path of await work()) process.stdout.write(`${path}\n`);
        return 0;
      });
    }
    case "copy": {
      const [from, to] = parsed.positionals.slice(1).map(Number);
      const isNumber = (number: number | undefined) => Number.isSafeInteger(number) && number! >= 1;
      if (parsed.positionals.length !== 3 || !isNumber(from) || !isNumber(to)) {
        return wrongUsage();
      }
      return look(machine, async () => {
        const lines = await copyAccount(machine, from!, to!, parsed.values.replace);
        process.stdout.write(`${lines.join("\n")}\n`);
        return 0;
      });
    }
    case "bans":
    case "move": {
      const words = parsed.positionals.slice(1);
      const work = command === "bans" ? bansCommand(machine, words, parsed.values.json) : moveCommand(machine, words);
      return work ? look(machine, work) : wrongUsage();
    }
    case "fence":
      if (parsed.positionals.length > 2 || !["boot", "start", undefined].includes(argument)) {
        return wrongUsage();
      }
      return look(machine, async () => {
        const lines = argument === "start" ? startNow(machine) : await fence(machine, argument === "boot");
        for (const line of lines) machine.say(line);
        return 0;
      });
    case "init":
      return look(machine, async () => {
        for (const line of await withLock(machine, "init", () => init(machine, argument))) machine.say(line);
        return 0;
      });
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
        return hasDrift(seen.differences) ? exitStatuses.drift : exitStatuses.done;
      });
    case "health": {
      const numbers = parsed.positionals.slice(1).map(Number);
      if (numbers.some((number) => !Number.isSafeInteger(number) || number < 1)) {
        return wrongUsage("give accounts by number");
      }
      return look(machine, async () => {
        const seen = await health(machine, numbers);
        process.stdout.write(parsed.values.json ? `${JSON.stringify(seen)}\n` : formatHealth(seen));
        return seen.healthy ? exitStatuses.done : exitStatuses.drift;
      });
    }
    default: {
      const work = Object.hasOwn(backupCommands, command ?? "")
        ? backupCommands[command!]!(machine, parsed.positionals.slice(1), parsed.values)
        : undefined;
      return work ? look(machine, work) : wrongUsage();
    }
  }
}

function wrongUsage(...why: readonly string[]): number {
  process.stderr.write([...why, usage].join("\n\n"));
  return exitStatuses["wrong usage"];
}

/** A failed check must not look like a healthy host. */
async function look(machine: Machine, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    machine.say(messageOf(error));
    return exitStatusOf(error);
  }
}

async function applyDelivery(machine: Machine, text: string): Promise<ApplyReport> {
  // The job reads it again, and judges what is inside: with 1,000 accounts that takes longer than to read it.
  const received = receive(text, !machine.live);
  if (!machine.live) return applyReceived(machine, received);
  const job = jobOf(machine, received);
  return runDetached(machine, job, text, [process.execPath, process.argv[1]!, "apply-spooled", job.id]);
}

function applyReceived(
  machine: Machine,
  { bundle, masterSecret, secretEpoch, dnsSecrets, ...from }: Received,
): Promise<ApplyReport> {
  requireSameKind(machine, masterSecret === undefined);
  const secret = masterSecret && { master: masterSecret, epoch: secretEpoch, dns: dnsSecrets };
  return withLock(machine, "apply", () => apply(named(machine, bundle.host), bundle, secret, from));
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

/**
 * Prints the report and gives its exit status.
 * @param stores whether this process does the work: who only follows a run may learn of its end after the next one has reported
 */
async function conclude(
  machine: Machine,
  work: () => Promise<ApplyReport | undefined>,
  stores = true,
): Promise<number> {
  const report = await reported(machine, work, stores);
  if (!report) return 0;
  for (const { group, message } of report.errors) machine.say(`${group}: ${message}`);
  machine.say(`${report.host}: ${report.result}, generation ${report.generation}`);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return report.broke ? exitStatuses.broke : exitCodes[report.result];
}

/** An apply that could not be tried gives a report, too. */
async function reported<T extends ApplyReport | undefined>(
  machine: Machine,
  work: () => Promise<T>,
  stores = true,
): Promise<T | ApplyReport> {
  let report: T | ApplyReport;
  try {
    report = await work();
  } catch (error) {
    const { number, bundle } = inForce(machine);
    report = {
      host: bundle.host,
      digest: bundle.digest,
      result: "failed",
      generation: `${number}`,
      changedGroups: [],
      filesWritten: 0,
      hooks: [],
      repaired: [],
      errors: [{ group: "host", message: messageOf(error) }],
      ...(exitStatusOf(error) === exitStatuses.broke && { broke: true }),
    };
  }
  if (report && stores) storeReport(machine, report);
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
