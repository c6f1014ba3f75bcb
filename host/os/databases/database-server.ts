import { createHash } from "node:crypto";
import type { Group } from "../../../delivery/protocol/bundle.ts";
import { type EngineName, serverUnit } from "../../../delivery/protocol/databases.ts";
import { ApplyError, type Machine, type RunResult } from "../machine.ts";

/** What an account may use on one server. */
export interface Share {
  readonly group: Group;
  readonly user: string;
  readonly directory: string;
  readonly databases: readonly { readonly name: string; readonly connections: number }[];
  /** How the server keeps its password; without one it is asked for none, and reached over the Unix socket alone. */
  readonly verifier?: string;
  /** File with its password, which is missing. */
  readonly lost?: string;
}

/** Something on a server that is not as the bundle says. */
export interface WrongDatabase {
  readonly group: Group;
  /** Name of the database or user. */
  readonly what: string;
  /** One sentence. */
  readonly message: string;
}

/** A server of databases, as the applier works with it. */
export interface Server {
  /** Compares all users and databases of accounts with the shares: one process, however many there are. @throws ApplyError without an answer */
  wrong(machine: Machine, shares: readonly Share[]): Promise<WrongDatabase[]>;
  /** Makes what is missing of one account, and sets rights and limits. Can be repeated, and never deletes data. */
  arrange(machine: Machine, share: Share): Promise<RunResult>;
  /** Takes the connections and rights of databases and users of one account that nobody declares; their data stays. */
  close(machine: Machine, names: readonly string[]): Promise<RunResult>;
  /** Drops a user and all its databases with their data. What is not there is no error. */
  drop(machine: Machine, user: string): Promise<RunResult>;
  /** Drops one database with its data, and not its user. */
  dropOne(machine: Machine, database: string): Promise<RunResult>;
  /** Command that writes a consistent dump to its standard output, and fails if that is not complete. */
  dump(database: string): readonly [program: string, ...args: string[]];
  /** Names of all databases of an account, declared or not. @throws ApplyError if the server does not answer, or not know all that is there */
  listed(machine: Machine, user: string): Promise<readonly string[]>;
  /** Whether a database has no table. @throws ApplyError without an answer */
  isEmpty(machine: Machine, database: string): Promise<boolean>;
  /** How a dump is restored. */
  readonly restore: Restore;
  /** What the server keeps of a password: the same for the same account and password. The password itself never reaches it. */
  verifier(password: string, user: string): string;
}

export interface Restore {
  /** Command that restores a dump on its standard input, run as the account in its sandbox. */
  command(database: string): readonly [program: string, ...args: string[]];
  /** Script for sed(1) that takes a user's name from a dump, so that another one may restore it; undefined if a dump does without. */
  nameless?(user: string): string;
  /** What a failed restore has left, said after the database's name. */
  readonly afterFailure: string;
}

/** A user or database as a server has it (undefined: not at all), and as it should be, each in one line of text. */
interface Compared {
  readonly group: Group;
  readonly what: string;
  readonly is: string | undefined;
  readonly wanted: string;
}

/**
 * What is wrong on a server.
 * @param server its name in messages
 * @param open users and databases that somebody can use: only those that are compared may be
 */
export function wrongOn(server: string, compared: readonly Compared[], open: readonly string[]): WrongDatabase[] {
  const declared = new Set(compared.map(({ what }) => what));
  return [
    ...compared.flatMap(({ group, what, is, wanted }) => {
      if (is === wanted) return [];
      const how = is === undefined ? `is missing in ${server}` : `is "${is}" in ${server}, not "${wanted}"`;
      return [{ group, what, message: `${what} ${how}` }];
    }),
    ...open
      .filter((what) => !declared.has(what))
      .map((what) => ({ group: "host" as const, what, message: `${what} is open in ${server}, but not declared` })),
  ];
}

/** Connections of all databases of an account together. */
export function connectionsOf({ databases }: Share): number {
  return databases.reduce((sum, { connections }) => sum + connections, 0);
}

/** A password in a state: that it is another one can be said, and nobody learns it. */
export function passwordState({ verifier }: Share): string {
  return verifier === undefined ? "none" : createHash("sha256").update(verifier).digest("hex").slice(0, 16);
}

/** @param server its name in messages */
export function noAnswer(server: string, engine: EngineName, { stderr }: RunResult): ApplyError {
  return new ApplyError(
    `${server} does not answer: ${stderr.trim()}; see journalctl -u ${serverUnit(engine)}, then deploy again`,
  );
}
