import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { backupRecords, viewPlace } from "../../delivery/protocol/backups.ts";
import { accountDirectory } from "../archives/archives.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { backupKey, masterOf } from "../store/secrets.ts";
import { inSnapshot } from "./backup.ts";
import { backupsOf, hurried, keepersOf, readRepositoryName } from "./keepers.ts";
import { type Mounted, mountRepository, snapshotsIn } from "./mounted.ts";
import { repositoriesOn } from "./snapshots.ts";

/** Accounts whose backups are mounted at the same time on one host: each one has a restic and two connections. */
const most = 20;

/** Backups that are shown of an account. */
const mostDays = 40;

/** Milliseconds. */
const [patience, stuck, saying] = [25_000, 20_000, 60_000];

/**
 * Shows an account its backups while somebody looks: mounts them in its `admin/backup`, and returns when they were not read for so long, when somebody waits in vain for the backup host, or when that is gone. Then it is all over: the next look begins anew. If they cannot be
 * shown, a file says so for a minute. What it leaves behind its unit removes.
 * @param idle seconds
 * @returns why it is over
 */
export async function showBackups(machine: Machine, account: number, idle = 600): Promise<string> {
  const place = machine.layout.at(`${viewPlace}/${account}`);
  const shown = join(accountDirectory(machine, account), "admin/backup");
  const gid = readCurrent(machine).bundle.groups[`account-${account}`]?.account?.gid;
  if (gid === undefined) return "it is not on this host";
  const isolated = "nosuid,nodev,noexec";
  const giveUp = new AbortController();
  const work = async () => {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    await mount(machine, ["--types=tmpfs", `--options=size=1M,mode=0700,${isolated}`, "backups", place]);
    return open(machine, account, place);
  };
  const late = sleep(patience, undefined, { signal: giveUp.signal }).then(() => {
    throw new ApplyError("the backup host does not answer");
  });
  const { opened, days, failed } = await Promise.race([work(), late]).catch((error: unknown) => {
    const failed = error instanceof ApplyError ? error.message : String(error);
    return { opened: [], days: [], failed } as Shown & { readonly failed?: string };
  });
  giveUp.abort();
  // Services of the host that run as somebody else do not come in.
  await mount(machine, ["--types=tmpfs", `--options=size=1M,mode=0750,gid=${gid},${isolated}`, "backups", shown]);
  if (failed !== undefined) {
    machine.say(`account ${account}: ${failed}`);
    const text = "The backups cannot be shown at the moment. Try again in a few minutes.\n";
    writeFileSync(join(shown, "NOT-AVAILABLE.txt"), text);
    return sleep(saying, "it has said so for a minute");
  }
  for (const [name, path] of days) {
    mkdirSync(join(shown, name));
    await mount(machine, ["--bind", path, join(shown, name)]);
  }
  const why = await Promise.race([
    untilIdle(opened, idle * 1000, join(machine.layout.current, `${backupRecords}${account}`)),
    ...opened.map(({ over }) => over),
  ]);
  await Promise.all(opened.map((each) => each.end()));
  return why;
}

interface Shown {
  readonly opened: readonly Mounted[];
  /** Names and directories, the oldest first, then `latest`. */
  readonly days: readonly (readonly [name: string, path: string])[];
}

/** Mounts all repositories that this host has the keys of. @throws ApplyError if that is not possible, or if too many others are looked at */
async function open(machine: Machine, account: number, place: string): Promise<Shown & { readonly failed?: string }> {
  const all = machine.layout.at(viewPlace);
  const others = readdirSync(all).length - 1;
  if (others >= most) throw new ApplyError(`backups of ${others} other accounts are being looked at`);
  const { bundle } = readCurrent(machine);
  const record = backupsOf(bundle).find((each) => each.account === account);
  if (!record) throw new ApplyError("it has no backup site");
  const opened: Mounted[] = [];
  const found = new Map<string, string>();
  for (const keeper of keepersOf(bundle, record)) {
    for (const name of withNewestBranch(await repositoriesOn(machine, keeper, record, hurried))) {
      const repository = readRepositoryName(name);
      const master = repository?.host === bundle.host ? masterOf(machine, repository.epoch) : undefined;
      if (!repository || !master) continue;
      const at = join(place, name);
      mkdirSync(at);
      const key = backupKey(master, account, repository.epoch);
      const unit = `fairhost-backup-view-${account}-${opened.length}`;
      const mounted = await mountRepository({ machine, account, keeper, name, key }, at, unit);
      opened.push(mounted);
      for (const time of await snapshotsIn(machine, mounted))
        found.set(time, join(mounted.snapshots, time, inSnapshot));
    }
  }
  const times = chosen([...found.keys()].sort());
  const days = times.map((time): [string, string] => [time, found.get(time)!]);
  const newest = days.at(-1);
  return { opened, days: newest ? [...days, ["latest", newest[1]]] : days };
}

/** Repositories and the newest branch: older ones have what {@link chosen} leaves out. */
export function withNewestBranch(names: readonly string[]): readonly string[] {
  const dayOf = (name: string) => readRepositoryName(name)?.day;
  const newest = Math.max(...names.map((name) => dayOf(name) ?? 0));
  return names.filter((name) => [undefined, newest].includes(dayOf(name)));
}

/**
 * Which backups an account is shown: the newest 40; if there are more, of each day the first alone, which is the one that the backup host keeps, and the newest one.
 * @param times names of snapshots, which begin with the day, the oldest first
 */
export function chosen(times: readonly string[]): readonly string[] {
  if (times.length <= mostDays) return times;
  const dayOf = (time: string | undefined) => time?.slice(0, 10);
  return times
    .filter((time, index) => dayOf(time) !== dayOf(times[index - 1]) || index === times.length - 1)
    .slice(-mostDays);
}

async function mount(machine: Machine, words: readonly string[]): Promise<void> {
  const { status, stderr } = await machine.run("mount", words, { timeout: patience });
  if (status !== 0) throw new ApplyError(`mount ${words.at(-1)}: ${stderr.trim()}`);
}

/** Looks every two seconds. @param idle milliseconds. @param record is there as long as the account is on this host. @returns why it is over */
async function untilIdle(opened: readonly Mounted[], idle: number, record: string): Promise<string> {
  let lastUsed = performance.now();
  let awaitedSince: number | undefined;
  for (;;) {
    await sleep(2000);
    const now = performance.now();
    const lastCame = Math.max(...opened.map((each) => each.lastCame()));
    const isAwaited = opened.some((each) => each.isAwaited());
    awaitedSince = isAwaited ? (awaitedSince ?? now) : undefined;
    lastUsed = isAwaited ? now : Math.max(lastCame, lastUsed);
    if (awaitedSince !== undefined && now - Math.max(awaitedSince, lastCame) > stuck) {
      return "the backup host does not answer any more";
    }
    if (!existsSync(record)) return "it is not on this host any more";
    if (now - lastUsed > idle) return "not used any more";
  }
}
