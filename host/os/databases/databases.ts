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
import { byDeploy, type Difference } from "../../../delivery/protocol/inspection.ts";
import { exitStatuses } from "../../../lib/user-error.ts";
import { unitsOf } from "../../apply/hooks/choose.ts";
import type { Problem } from "../../apply/validate/problem.ts";
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
    const { path, password } = readDatabasePassword(machine, account);
    return [
      {
        ...share,
        ...(password === undefined ? { lost: path } : { verifier: servers[engine].verifier(password, user) }),
      },
    ];
  });
}

/** Servers that the bundle has a unit for: the others do not run. */
function running(bundle: Bundle): EngineName[] {
  return engineNames.filter((engine) => unitsOf(bundle).has(serverUnit(engine)));
}

/** Databases, users, rights and limits that are not as the bundle says. */
export async function lookAtDatabases(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  const found = await Promise.all(
    running(bundle).map(async (engine): Promise<Difference[]> => {
      const shares = sharesOf(machine, bundle, engine);
      const lost = new Set(shares.flatMap((share) => (share.lost === undefined ? [] : [share.user])));
      // What the password of such a user should be, nobody knows: that the file is missing is said of the host's files.
      const wrong = (await servers[engine].wrong(machine, shares)).filter(({ what }) => !lost.has(what));
      return wrong.map((each) => ({ ...each, kind: "database-changed", repaired: byDeploy }));
    }),
  );
  return found.flat();
}

/** What was done, one line for each account, what could not be, and what could not be closed: that is no reason for old files. */
export interface Brought {
  readonly done: readonly string[];
  readonly problems: readonly Problem[];
  readonly open: readonly Problem[];
}

/**
 * Makes databases and users that the bundle declares and closes those that it does not. An account whose databases cannot be made (its
 * disk is full) keeps its old files, the others go on.
 */
export async function bringDatabases(machine: Machine, bundle: Bundle): Promise<Brought> {
  const done: string[] = [];
  const [problems, open]: [Problem[], Problem[]] = [[], []];
  for (const engine of machine.live ? running(bundle) : []) {
    const server = servers[engine];
    const shares = sharesOf(machine, bundle, engine);
    const wrong = await server.wrong(machine, shares);
    const record = (list: Problem[], group: Group, what: string, { status, stdout, stderr }: RunResult) => {
      machine.say(what);
      if (status === 0) done.push(what);
      else list.push({ group, message: `${what}: ${(stderr || stdout).trim()}` });
    };
    for (const share of shares) {
      if (!wrong.some(({ group }) => group === share.group)) continue;
      if (share.lost !== undefined) {
        problems.push({ group: share.group, path: share.lost, message: `${share.lost} is missing: deploy again` });
        continue;
      }
      const what = `${engine}: set up databases of ${share.group}`;
      record(problems, share.group, what, await server.arrange(machine, share));
    }
    const closing = wrong.filter(({ group }) => group === "host").map(({ what }) => what);
    for (const group of new Set(closing.map(ownerOf))) {
      const names = closing.filter((name) => ownerOf(name) === group);
      record(open, group, `${engine}: close ${names.join(", ")}`, await server.close(machine, names));
    }
  }
  return { done, problems, open };
}

/** The account of a user or database, by its name. */
function ownerOf(name: string): Group {
  const number = /^a(\d+)(?:_|$)/.exec(name)?.[1];
  return number === undefined ? "host" : `account-${Number(number)}`;
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
      `"${engine} ${database}" is not a database: give one of ${engineNames.join(", ")}, then a name such as a1204_shop`,
    );
  }
  const [program, ...args] = servers[known].dump(database);
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  if (status === 0) return 0;
  machine.say(`the dump of ${database} is not complete: ${program} ended with ${signal ?? status}`);
  return exitStatuses.failed;
}
