import { readFileSync } from "node:fs";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { exitStatuses } from "../../lib/user-error.ts";
import { compareHere } from "../drills/drill.ts";
import { formatReport, report } from "../drills/report.ts";
import { drillAccounts } from "../drills/run.ts";
import { restoreHost } from "../moves/restore-host.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { restoreDeclared } from "../restores/declared.ts";
import { backUp } from "./backup.ts";
import { fetchBackups } from "./fetch.ts";
import { writeMetrics } from "./metrics.ts";
import { expireBackups, verifyBackups } from "./repositories.ts";
import { restoreBackup, type Wanted } from "./restore.ts";
import { type OtherHost, snapshotsOf } from "./snapshots.ts";
import { patientSeconds, withBackup } from "./state.ts";
import { showBackups } from "./view.ts";

export interface BackupOptions {
  readonly due: boolean;
  readonly often: boolean;
  readonly json: boolean;
  readonly snapshot?: string | undefined;
  readonly "in-place": boolean;
  /** Name of another host; its master secret is on standard input. */
  readonly of?: string | undefined;
}

const numbersIn = (words: readonly string[]) => {
  const numbers = words.map(Number);
  return numbers.every((number) => Number.isSafeInteger(number) && number >= 1) ? numbers : undefined;
};

/** What each command does; undefined if its words make no sense. It gives its exit status. */
export const backupCommands: Readonly<
  Record<
    string,
    (machine: Machine, words: readonly string[], options: BackupOptions) => (() => Promise<number>) | undefined
  >
> = {
  backup(machine, words, { due, often }) {
    const numbers = numbersIn(words);
    return numbers && (() => measured(machine, async () => ended(machine, await backUp(machine, numbers, due, often))));
  },

  "fetch-backups"(machine, words, { due }) {
    const numbers = numbersIn(words);
    return numbers && (() => measured(machine, async () => ended(machine, await fetchBackups(machine, numbers, due))));
  },

  drill(machine, words, { due }) {
    const numbers = numbersIn(words);
    return numbers && (() => measured(machine, async () => ended(machine, await drillAccounts(machine, numbers, due))));
  },

  // A part of `drill`, in a root of its own.
  "compare-trees"(_, [since, ...more]) {
    if (!(Number(since) > 0) || more.length > 0) return undefined;
    return async () => {
      process.stdout.write(JSON.stringify(await compareHere(Number(since))));
      return 0;
    };
  },

  backups(machine, words, { of, json }) {
    if (words.length === 0 && of === undefined) {
      return async () => {
        const seen = await report(machine);
        process.stdout.write(json ? `${JSON.stringify(seen)}\n` : formatReport(seen));
        return 0;
      };
    }
    const [number, ...more] = numbersIn(words) ?? [];
    if (number === undefined || more.length > 0) return undefined;
    return async () => {
      const other = of === undefined ? undefined : otherHost(of);
      const { found, wrong } = await withBackup(
        machine,
        number,
        () => snapshotsOf(machine, number, other),
        patientSeconds,
      );
      for (const { id, time, opened } of found) {
        process.stdout.write(`${id.slice(0, 8)} ${time.slice(0, 19)}Z ${opened.name} on ${opened.keeper.name}\n`);
      }
      return ended(machine, wrong);
    };
  },

  "restore-backup"(machine, [account, ...words], { snapshot, "in-place": inPlace, of }) {
    const [number] = numbersIn([account ?? ""]) ?? [];
    const wanted = wantedIn(words);
    if (number === undefined || !wanted) return undefined;
    return async () => {
      const other = of === undefined ? undefined : otherHost(of);
      const from = { inPlace, ...(snapshot !== undefined && { id: snapshot }), ...(other && { other }) };
      for (const path of await restoreBackup(machine, number, wanted, from)) process.stdout.write(`${path}\n`);
      return 0;
    };
  },

  "restore-host"(machine, words) {
    const numbers = numbersIn(words);
    return (
      numbers &&
      (async () => {
        const { done, wrong } = await restoreHost(machine, numbers);
        for (const line of done) process.stdout.write(`${line}\n`);
        return ended(machine, wrong);
      })
    );
  },

  "restore-declared"(machine, words) {
    const numbers = numbersIn(words);
    return (
      numbers &&
      (async () => {
        const { done, wrong } = await restoreDeclared(machine, numbers);
        for (const line of done) process.stdout.write(`${line}\n`);
        return ended(machine, wrong);
      })
    );
  },

  "show-backups"(machine, words) {
    const [number, idle, ...more] = numbersIn(words) ?? [];
    if (number === undefined || more.length > 0) return undefined;
    return async () => {
      machine.say(`account ${number}: ${await showBackups(machine, number, idle)}`);
      // What it has begun may wait for a backup host for ever; its unit ends all of it.
      process.exit(0);
    };
  },

  "expire-backups"(machine, words) {
    if (words.length > 0) return undefined;
    return () =>
      measured(machine, async () => {
        const { removed, wrong } = await expireBackups(machine, new Date());
        for (const path of removed) process.stdout.write(`${path}\n`);
        return ended(machine, wrong);
      });
  },

  "verify-backups"(machine, words) {
    const numbers = numbersIn(words);
    return (
      numbers &&
      (() =>
        measured(machine, async () => {
          const damaged = await verifyBackups(machine, numbers);
          return ended(
            machine,
            damaged.map((path) => `${path} is damaged: it is not what was written`),
          );
        }))
    );
  },
};

/** Whatever becomes of the work, metrics say how backups are then; they never keep it from ending. */
async function measured(machine: Machine, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } finally {
    await writeMetrics(machine).catch((error: unknown) =>
      machine.say(`metrics of backups were not written: ${String(error)}`),
    );
  }
}

function ended(machine: Machine, wrong: readonly string[]): number {
  for (const line of wrong) machine.say(line);
  return wrong.length > 0 ? exitStatuses.failed : exitStatuses.done;
}

function wantedIn([what, first, second, ...more]: readonly string[]): Wanted | undefined {
  if (more.length > 0) return undefined;
  if (what === "account") return first === undefined ? { what } : undefined;
  if (what === "files") return second === undefined ? { what, path: first ?? "." } : undefined;
  const engine = engineNames.find((each) => each === first);
  if (what !== "database" || !engine || !/^a\d+_[a-z][a-z0-9_]*$/.test(second ?? "")) return undefined;
  return { what, engine, name: second! };
}

/** Another host, whose master secret is on standard input. @throws ApplyError if standard input is no master secret */
export function otherHost(name: string): OtherHost {
  const master = Buffer.from(readFileSync(0, "utf8").trim(), "base64");
  if (master.length === 32) return { name, master };
  throw new ApplyError(`standard input must be the master secret of ${name}: 32 bytes in base64, not ${master.length}`);
}
