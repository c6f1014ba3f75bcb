import { join } from "node:path";
import type { BackupRecord, Keeper } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { backupKey, masterOf } from "../store/secrets.ts";
import { copiedRepositories, copyDirectory } from "./copies.ts";
import { backupsOf, keepersOf, type Patience, type Repository, readRepositoryName, sshTo } from "./keepers.ts";
import { mustRestic, type Opened, Unreachable } from "./restic.ts";

/** Another host that made backups of the account, and its master secrets by epoch: for when that host is lost, or the account has moved. */
export interface OtherHost {
  readonly name: string;
  readonly master: Uint8Array;
  /** Its epoch: repositories of others are left out then. */
  readonly epoch?: number;
}

export interface Snapshot {
  readonly opened: Opened;
  readonly id: string;
  /** As its host said, ISO 8601. */
  readonly time: string;
  /** Of all files in it; not said by older releases. */
  readonly bytes?: number;
}

/**
 * All snapshots of an account, the oldest first, a line for each backup host and repository that could not be looked into, and epochs of the host that made them
 * for which there is no master secret.
 * @param other opens those of another host instead of this one's own
 * @param bundle the one that declares the account
 * @param copiesToo also those of the copy that this host has as the account's standby: of what is at both, only the copy is given
 */
export async function snapshotsOf(
  machine: Machine,
  number: number,
  other?: OtherHost,
  { bundle }: { readonly bundle: Bundle } = readCurrent(machine),
  copiesToo = true,
): Promise<{
  readonly found: readonly Snapshot[];
  readonly wrong: readonly string[];
  readonly otherEpochs: readonly number[];
  /** Whether all that is wrong is that backup hosts cannot be reached. */
  readonly isAway: boolean;
}> {
  const record = backupsOf(bundle).find(({ account }) => account === number);
  if (!record) throw new ApplyError(`account ${number} is not on this host, or its site has no backup site`);
  const found: Snapshot[] = [];
  const wrong: string[] = [];
  let isAway = true;
  const otherEpochs = new Set<number>();
  // One that is gone or damaged is no reason to be without the others.
  const tried = async <T>(work: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await work();
    } catch (error) {
      wrong.push((error as Error).message);
      isAway &&= error instanceof Unreachable;
      return [];
    }
  };
  // Nor is a damaged copy one to be without what it was made of.
  const triedCopy = async <T>(work: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await work();
    } catch (error) {
      machine.say(`account ${number}: the copy on this host cannot be used: ${(error as Error).message}`);
      return [];
    }
  };
  const places: { keeper: Keeper; names: readonly string[]; copies?: string }[] = [];
  for (const keeper of keepersOf(bundle, record))
    places.push({ keeper, names: await tried(() => repositoriesOn(machine, keeper, record)) });
  if (copiesToo)
    places.push({
      keeper: { name: bundle.host, site: "", address: "" },
      names: copiedRepositories(machine, number),
      copies: copyDirectory(machine, number),
    });
  for (const { keeper, names, copies } of places) {
    for (const name of names) {
      const repository = readRepositoryName(name);
      const master = repository && masterFor(machine, bundle.host, repository, other);
      if (!master) {
        if (repository && repository.host === (other?.name ?? bundle.host)) otherEpochs.add(repository.epoch);
        continue;
      }
      const opened: Opened = {
        machine,
        account: number,
        keeper,
        name,
        key: backupKey(master, number, repository.epoch),
        ...(copies !== undefined && { directory: join(copies, name) }),
      };
      const listed = await (copies === undefined ? tried : triedCopy)(() => listSnapshots(opened));
      for (const { id, time, summary } of listed) {
        // What is here, too, needs no network.
        const same = found.findIndex((each) => each.id === id);
        if (same >= 0) found.splice(same, 1);
        const bytes = summary?.total_bytes_processed;
        found.push({ opened, id, time, ...(bytes !== undefined && { bytes }) });
      }
    }
  }
  found.sort((left, right) => Date.parse(left.time) - Date.parse(right.time));
  return {
    ...{ found, wrong, isAway: isAway && wrong.length > 0 },
    otherEpochs: [...otherEpochs].sort((left, right) => left - right),
  };
}

async function listSnapshots(opened: Opened) {
  return JSON.parse(await mustRestic(opened, ["snapshots", "--json", "--no-lock"])) as {
    id: string;
    time: string;
    summary?: { total_bytes_processed?: number };
  }[];
}

/** @param patience how long the backup host is waited for; by default long */
export async function repositoriesOn(
  machine: Machine,
  keeper: Keeper,
  { account }: BackupRecord,
  patience?: Patience,
): Promise<string[]> {
  const [program, ...args] = sshTo(machine, keeper, account, ["list"], patience);
  const { status, stdout, stderr } = await machine.run(program!, args);
  if (status === 255 && !/Permission denied/.test(stderr))
    throw new Unreachable(`${keeper.name} cannot be reached: ${stderr.trim()}`);
  if (status !== 0) throw new ApplyError(`${keeper.name} does not answer: ${stderr.trim()}`);
  return stdout.split("\n").flatMap((line) => line.split(" ")[0] || []);
}

function masterFor(machine: Machine, own: string, repository: Repository, other?: OtherHost): Uint8Array | undefined {
  if (other) {
    const isOther = repository.host === other.name && repository.epoch === (other.epoch ?? repository.epoch);
    return isOther ? other.master : undefined;
  }
  return repository.host === own ? masterOf(machine, repository.epoch) : undefined;
}
