import type { EngineName } from "../../delivery/protocol/databases.ts";
import { accountDirectory } from "../archives/archives.ts";
import { databasesOf, enginesIn, servers } from "../os/databases/databases.ts";
import type { Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { isMarked, readDelivered, restoredFrom } from "../store/moving.ts";

/** Where one account stands on one host while it moves. */
export interface MoveState {
  /** The bundle that was delivered last has it. */
  readonly declared: boolean;
  /** The generation in force has it. */
  readonly inForce: boolean;
  /** The generation in force has it just as it was delivered. */
  readonly whole: boolean;
  readonly held: boolean;
  readonly coming: boolean;
  readonly leaving: boolean;
  /** It comes from backups: `awaited` until its data is whole here, then what it was restored from. */
  readonly restoring?: string;
  /** Its databases in the generation in force. */
  readonly databases: readonly { readonly engine: EngineName; readonly name: string }[];
}

export function moveState(machine: Machine, number: number): MoveState {
  const declared = readDelivered(machine).groups[`account-${number}`];
  const { bundle } = readCurrent(machine);
  const inForce = bundle.groups[`account-${number}`];
  const restoring = restoredFrom(machine, number);
  return {
    declared: declared !== undefined,
    inForce: inForce !== undefined,
    whole: declared !== undefined && inForce?.digest === declared.digest,
    held: isMarked(machine, "held", number),
    coming: isMarked(machine, "coming", number),
    leaving: isMarked(machine, "leaving", number),
    ...(restoring !== undefined && { restoring }),
    databases: databasesOf(bundle, number).map(({ engine, name }) => ({ engine, name })),
  };
}

/** Databases that an account has on this host's servers and does not declare: closed ones. */
export async function undeclaredDatabases(machine: Machine, number: number): Promise<string[]> {
  const declared = databasesOf(readCurrent(machine).bundle, number);
  const lists = enginesIn(accountDirectory(machine, number)).map(async (engine) =>
    (await servers[engine].listed(machine, `a${number}`)).map((name) => ({ engine, name })),
  );
  return (await Promise.all(lists))
    .flat()
    .filter(({ engine, name }) => !declared.some((each) => each.engine === engine && each.name === name))
    .map(({ engine, name }) => `${engine} ${name}`);
}
