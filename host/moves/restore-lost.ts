import type { BundleGroup } from "../../delivery/protocol/bundle.ts";
import { requireQuiet, withArchives } from "../archives/archives.ts";
import { certificatesName, declarationName, inSnapshot } from "../backups/backup.ts";
import { mustRestic } from "../backups/restic.ts";
import {
  type Context,
  dumpsIn,
  type OtherHost,
  restoreDatabase,
  restoreFiles,
  type Snapshot,
  snapshotsOf,
} from "../backups/restore.ts";
import { withBackup } from "../backups/state.ts";
import { databasesIn } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { awaited, readDelivered, restored, setMark } from "../store/moving.ts";
import { takeCertificates } from "./certificates.ts";
import { type MoveState, moveState } from "./state.ts";
import { notExpected } from "./steps.ts";

/**
 * Restores all of an account that comes from a lost host: files, databases and certificates of its newest whole backup. Only when all of it is there may the
 * account land. A run that was cut off is done again from the beginning.
 * @returns what it was restored from, and what was not, in a sentence
 * @throws ApplyError if there is no backup, or not all of it came: the account stays held
 */
export function restoreLost(machine: Machine, number: number, lost: OtherHost): Promise<string> {
  return withBackup(machine, number, () =>
    withArchives(machine, number, async () => {
      const { coming, restoring, databases } = moveState(machine, number);
      const bundle = readDelivered(machine);
      const account = bundle.groups[`account-${number}`]?.account;
      if (!coming || restoring === undefined || !account) throw notExpected(number);
      if (restoring !== awaited) return restoring;
      await requireQuiet(machine, number);
      const { found, wrong, otherEpochs } = await snapshotsOf(machine, number, lost, { bundle });
      if (wrong.length > 0) {
        throw new ApplyError(`cannot tell which backup is the newest (${wrong.join("; ")})`);
      }
      const { snapshot, dumps, passed } = await newestWhole(found);
      if (!snapshot) {
        const older = otherEpochs.map(
          (epoch) =>
            `; there are backups of epoch ${epoch}: restore them with the escrowed master secret of that epoch (\`fairhost-host move ${number} restore-backup ${lost.name} ${epoch}\`, the secret on standard input), then deploy again`,
        );
        throw new ApplyError(
          `there is no ${passed.length > 0 ? "whole " : ""}backup of it by ${lost.name}${older.join("")}`,
        );
      }
      machine.say(`account ${number}: restoring from ${snapshot.time} (${snapshot.id.slice(0, 8)})`);
      const context: Context = { machine, snapshot, account, beside: undefined, exactly: true };
      await restoreFiles(context, "home");
      await restoreFiles(context, "lib");
      for (const each of databases) if (has(dumps, each)) await restoreDatabase(context, each.engine, each.name);
      await restoreCertificates(snapshot, number);
      const empty = databases.filter((each) => !has(dumps, each));
      const undeclared = dumps.filter((each) => !has(databases, each));
      const done = [
        `${restored}${shortTime(snapshot)} by ${lost.name}`,
        ...passed.map((time) => `that of ${time} is not whole: it lacks a database`),
        ...empty.map(({ engine, name }) => `database ${name} (${engine}) is empty: that backup does not have it`),
        ...undeclared.map(({ engine, name }) => `database ${name} (${engine}) is left out: it is not declared`),
      ].join("; ");
      setMark(machine, "restoring", number, done);
      return done;
    }),
  );
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
    const dumps = (await dumpsIn(snapshot)).map(([engine, name]): Database => ({ engine, name }));
    const declaration = `${inSnapshot}/databases/${declarationName}`;
    const then = databasesIn(
      JSON.parse(await mustRestic(opened, ["dump", "--no-lock", id, declaration])) as BundleGroup,
    );
    if (then.every((each) => has(dumps, each))) return { snapshot, dumps, passed };
    passed.push(shortTime(snapshot));
  }
  return { dumps: [], passed };
}

/** Backups of older releases have none: the CA gives new ones then. */
async function restoreCertificates({ opened, id }: Snapshot, number: number): Promise<void> {
  const path = `${inSnapshot}/databases/${certificatesName}`;
  const listed = await mustRestic(opened, ["ls", "--json", "--no-lock", id, `${inSnapshot}/databases`]);
  if (!listed.includes(JSON.stringify(path))) return;
  takeCertificates(opened.machine, number, await mustRestic(opened, ["dump", "--no-lock", id, path]));
}
