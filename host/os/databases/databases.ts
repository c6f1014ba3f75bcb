import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Bundle, BundleGroup, Group } from "../../../delivery/protocol/bundle.ts";
import {
  type DatabaseRecord,
  databaseRecords,
  type EngineName,
  engineNames,
  serverUnit,
} from "../../../delivery/protocol/databases.ts";
import { unitsOf } from "../../apply/hooks/choose.ts";
import type { Problem } from "../../apply/validate/problem.ts";
import { byDeploy, type Difference } from "../../inspect/difference.ts";
import { filesOf } from "../../store/generations.ts";
import { readDatabasePassword } from "../../store/secrets.ts";
import { ApplyError, type Machine, type RunResult } from "../machine.ts";
import type { Server, Share } from "./database-server.ts";
import { mariadb } from "./mariadb.ts";
import { postgresql } from "./postgresql.ts";

export const servers: Readonly<Record<EngineName, Server>> = { postgresql, mariadb };

function records(bundle: Bundle): (DatabaseRecord & { readonly group: Group })[] {
  return [...filesOf(bundle).values()].flatMap(({ path, content, group }) =>
    path.startsWith(databaseRecords) && content !== undefined
      ? [{ ...(JSON.parse(content) as DatabaseRecord), group }]
      : [],
  );
}

/** What an account's own group declares. */
export function databasesIn({ files }: BundleGroup): DatabaseRecord["databases"] {
  const record = files.find(({ path }) => path.startsWith(databaseRecords))?.content;
  return record === undefined ? [] : (JSON.parse(record) as DatabaseRecord).databases;
}

/** What the bundle declares of an account. */
export function databasesOf(bundle: Bundle, number: number): DatabaseRecord["databases"] {
  return records(bundle).find(({ account }) => account === number)?.databases ?? [];
}

function sharesOf(machine: Machine, bundle: Bundle, engine: EngineName): Share[] {
  return records(bundle).flatMap(({ account, group, user, directory, databases }): Share[] => {
    const own = databases.filter((database) => database.engine === engine);
    if (own.length === 0) return [];
    const share = { group, user, directory, databases: own };
    if (!own.some(({ tcp }) => tcp)) return [share];
    return [{ ...share, verifier: servers[engine].verifier(readDatabasePassword(machine, account), user) }];
  });
}

/** Servers that the bundle has a unit for: the others do not run. */
function running(bundle: Bundle): EngineName[] {
  return engineNames.filter((engine) => unitsOf(bundle).has(serverUnit(engine)));
}

/** Databases, users, rights and limits that are not as the bundle says. */
export async function lookAtDatabases(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  const found = await Promise.all(
    running(bundle).map((engine) => servers[engine].wrong(machine, sharesOf(machine, bundle, engine))),
  );
  return found.flat().map((wrong) => ({ ...wrong, kind: "database-changed", repaired: byDeploy }));
}

/**
 * Makes databases and users that the bundle declares and closes those that it does not. An account whose databases cannot be made (its
 * disk is full) keeps its old files, the others go on.
 * @returns what was done, one line for each account, and what could not be
 */
export async function bringDatabases(
  machine: Machine,
  bundle: Bundle,
): Promise<{ readonly done: readonly string[]; readonly problems: readonly Problem[] }> {
  const done: string[] = [];
  const problems: Problem[] = [];
  for (const engine of machine.live ? running(bundle) : []) {
    const server = servers[engine];
    const shares = sharesOf(machine, bundle, engine);
    const wrong = await server.wrong(machine, shares);
    const record = (group: Group, what: string, { status, stdout, stderr }: RunResult) => {
      machine.say(what);
      if (status === 0) done.push(what);
      else problems.push({ group, message: `${what}: ${(stderr || stdout).trim()}` });
    };
    for (const share of shares) {
      if (!wrong.some(({ group }) => group === share.group)) continue;
      record(share.group, `${engine}: set up databases of ${share.group}`, await server.arrange(machine, share));
    }
    const closing = wrong.filter(({ group }) => group === "host").map(({ what }) => what);
    if (closing.length === 0) continue;
    record("host", `${engine}: close ${closing.join(", ")}`, await server.close(machine, closing));
  }
  return { done, problems };
}

/**
 * Drops all databases of an account, with their data.
 * @param directory of the account: only servers that keep something there are asked
 * @throws ApplyError if a server does not drop them
 */
export async function dropDatabases(machine: Machine, directory: string, number: number): Promise<void> {
  for (const engine of machine.live ? enginesIn(directory) : []) {
    const { status, stdout, stderr } = await servers[engine].drop(machine, `a${number}`);
    if (status !== 0) throw new ApplyError(`${engine}: databases of account ${number}: ${(stderr || stdout).trim()}`);
  }
}

/** Servers that keep something in an account's directory. */
export function enginesIn(directory: string): EngineName[] {
  return engineNames.filter(
    (engine) => existsSync(join(directory, engine)) && readdirSync(join(directory, engine)).length > 0,
  );
}

/**
 * Writes a dump of one database to standard output, as it was at one moment.
 * @returns 0 only if it is complete; else the reason is on standard error
 * @throws ApplyError for a name that is not a database of an account
 */
export async function dumpDatabase(machine: Machine, engine: string, database: string): Promise<number> {
  const known = engineNames.find((name) => name === engine);
  if (known === undefined || !/^a\d+_[a-z][a-z0-9_]*$/.test(database)) {
    throw new ApplyError(
      `"${engine} ${database}" is no database: give one of ${engineNames.join(", ")}, then a name such as a1204_shop`,
    );
  }
  const [program, ...args] = servers[known].dump(database);
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  if (status === 0) return 0;
  machine.say(`the dump of ${database} is not complete: ${program} ended with ${signal ?? status}`);
  return 5;
}
