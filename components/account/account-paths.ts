import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { plain } from "../../lib/systemd/unit-file.ts";
import type { AccountContainerInputs } from "../registry/kinds.generated.ts";

type Account = Pick<AccountContainerInputs, "name" | "number" | "directory" | "user" | "uid">;

const plainName = plain(/[a-z][a-z0-9-]*/, "account name");
const plainUser = plain(/a\d+/, "user name");

/** The account's home as its own programs see it: `/home/<name>`. */
export function homeInside({ name }: Pick<Account, "name">): string {
  return `/home/${plainName(name)}`;
}

/** A path of the inventory, relative to the home, as the account's programs see it. `.` is the home itself. */
export function insideHome(account: Pick<Account, "name">, path: string): string {
  const home = homeInside(account);
  return path === "." ? home : `${home}/${path}`;
}

/** Directory of the account's logs, inside its directory: its programs can read it, nobody but root writes there. */
export const logs = "admin/logs";

/** Directory of the front end's access and error logs, inside the account's directory. */
export const frontEndLogs = `${logs}/front-end`;

/**
 * `[Service]` settings that all units of an account share; the sandbox is a prefix drop-in. What else a unit mounts of the generation it adds
 * to `BindPaths`: root owns all of that, and each mount that systemd has to make read-only costs a start a millisecond.
 * @param unit name without suffix, after `account-<number>-`: names the log, `admin/logs/<unit>.log`. systemd opens it as root, so
 *   no directory on the way may be written by anyone else.
 */
export function accountSettings(account: Account, unit: string) {
  const { directory, number } = account;
  const home = homeInside(account);
  return {
    Slice: `account-${number}.slice`,
    User: plainUser(account.user),
    WorkingDirectory: home,
    BindPaths: `${directory}/home:${home} ${directory}/lib:/var/lib ${memoryMount(account)}`,
    BindReadOnlyPaths: `${directory}/admin:${home}/admin`,
    StandardOutput: `append:${directory}/${logs}/${unit}.log`,
  } as const;
}

/** Mounts what the account's programs read as /proc/meminfo. */
export function memoryMount(account: Pick<Account, "number">): string {
  return `${currentGeneration}/${memoryFile(account)}:/proc/meminfo`;
}

/** Bundle path of it. */
export function memoryFile({ number }: Pick<Account, "number">): string {
  return `proc/${number}.meminfo`;
}

/**
 * Bundle path of what the account's units mount beside what all accounts have. Not every account has it.
 */
export function mountsFile({ number }: Pick<Account, "number">): string {
  return `systemd/account-${number}-.service.d/60-mounts.conf`;
}

/** Binds the user and group records of the account only, so that its programs can look up their own name and no other. */
export function ownRecords({ user, uid }: Account): string {
  const names = [`${user}.user`, `${uid}.user`, `${user}.group`, `${uid}.group`];
  return names.map((name) => `${currentGeneration}/userdb/${name}:/etc/userdb/${name}`).join(" ");
}

/** As PID 1 of its own namespace, a program would neither stop on SIGTERM nor reap orphans: Debian's tini does both. */
export const init = ["/usr/bin/tini", "--"] as const;

/** A command of the inventory as words of a unit: a relative program is in the home. */
export function commandInside(account: Pick<Account, "name">, [program = "", ...rest]: readonly string[]): string[] {
  return [program.startsWith("/") ? program : insideHome(account, program), ...rest];
}

/**
 * Slice of an account's sockets: few share one. Whenever systemd drops a unit, as it does with all in a daemon-reload, it looks at each active unit of its slice
 * and of those around it (`unit_add_family_to_cgroup_realize_queue` in systemd 257). With the sockets of 1,000 accounts in `system.slice`, where they are by
 * default, that takes 140 s of CPU.
 */
export const socketSlice = (account: number) => `fairhost-sockets-${account % 64}.slice`;
