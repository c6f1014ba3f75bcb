import type { RunResult } from "../../lab/container.ts";
import type { bootWithOutside } from "../../testing/fakes/outside.ts";

/** The host and its visitors of components/access/ssh/ssh.it.test.ts: account alice has users ada, pat, files and drop, bob has bob, carol has none. */
export interface Visitors {
  here(): Awaited<ReturnType<typeof bootWithOutside>>;
  readonly alice: string;
  readonly bob: string;
  readonly password: string;
  /** Options of OpenSSH's clients, without a key. */
  readonly options: string;
  /** The same with the key of a user. */
  as(key: "ada" | "bob" | "nobody"): string;
  ssh(to: string, command: string, key?: "ada" | "bob" | "nobody", more?: string): Promise<RunResult>;
  byPassword(to: string, command: string, given?: string): Promise<RunResult>;
  sftp(to: string, commands: string, how?: string): Promise<RunResult>;
  /** @throws when it failed */
  output(result: RunResult): string;
  loggedIn(command: string, to?: string, key?: "ada" | "bob" | "nobody"): Promise<string>;
  log(account: number): Promise<string>;
}
