import { existsSync, readFileSync } from "node:fs";
import { userdb } from "../../../components/account/userdb.host.ts";
import { folderOf } from "../../../components/registry/bundle/bundle-folder.ts";
import type { Bundle, Group } from "../../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference } from "../../../delivery/protocol/inspection.ts";
import type { Machine } from "../../os/machine.ts";
import { filesOf } from "../../store/generations.ts";

/** One record of `userdb/` in the bundle. */
interface UserRecord {
  readonly group: Group;
  readonly path: string;
  readonly database: "passwd" | "group";
  readonly name: string;
  /** uid or gid. */
  readonly id: number;
  readonly gid: number;
}

/** Entries of local files with an account's name, uid or gid: they take precedence over its record. */
export function lookAtShadows({ layout }: Machine, bundle: Bundle): Difference[] {
  const records = recordsOf(bundle);
  return (["passwd", "group"] as const).flatMap((database) => {
    const path = `/etc/${database}`;
    if (!existsSync(layout.at(path))) return [];
    const own = records.filter((record) => record.database === database);
    const byName = new Map(own.map((record) => [record.name, record]));
    const byId = new Map(own.map((record) => [record.id, record]));
    return readFileSync(layout.at(path), "utf8")
      .split("\n")
      .flatMap((line): Difference[] => {
        const [name = "", , id, last] = line.split(":");
        const record = byName.get(name) ?? byId.get(Number(id));
        if (!record || id === undefined) return [];
        const extra = database === "passwd" ? Number(last) !== record.gid : last !== "";
        if (name === record.name && Number(id) === record.id && !extra) return [];
        const message = `${path} has ${name} with ${id}${database === "group" && last ? ` and the members ${last}` : ""}, which takes precedence over ${record.name} with ${record.id}`;
        const repaired = `by hand: remove ${name} from ${path} (vipw${database === "group" ? " -g" : ""})` as const;
        return [{ group: record.group, kind: "user-shadowed", what: name, message, repaired }];
      });
  });
}

/**
 * Checks that the host's programs find every record, with one call for each database. A group takes milliseconds, because its members
 * are looked up everywhere. So of groups with unchanged records only one is looked up, unless it is not found.
 * @param broken bundle paths that were changed
 */
export async function lookAtUsers(
  machine: Machine,
  bundle: Bundle,
  broken: ReadonlySet<string>,
): Promise<Difference[]> {
  const records = recordsOf(bundle);
  const users = records.filter(({ database }) => database === "passwd");
  const groups = records.filter(({ database }) => database === "group");
  const sample = groups.find(({ path }) => !broken.has(path));
  const few = groups.filter((record) => record === sample || broken.has(record.path));
  const [lostUsers, lostGroups] = await Promise.all([lost(machine, users), lost(machine, few)]);
  const all = sample && lostGroups.includes(sample) ? await lost(machine, groups) : lostGroups;
  return [...lostUsers, ...all].map(({ group, path, name, database }): Difference => {
    const message = `the ${database === "passwd" ? "user" : "group"} ${name} is not found by the host's programs`;
    // The record is unchanged, so the fault is between it and the programs.
    const byHand =
      `by hand: check that the line ${database} of /etc/nsswitch.conf contains "systemd", then check systemd-userdbd.socket` as const;
    const repaired = broken.has(path) ? byDeploy : byHand;
    return { group, kind: "user-unresolvable", what: name, message, repaired };
  });
}

/** Records, all of one database, that are not found. */
async function lost({ run }: Machine, records: readonly UserRecord[]): Promise<readonly UserRecord[]> {
  const [first] = records;
  if (!first) return [];
  const names = records.map(({ name }) => name);
  const { stdout } = await run("getent", [first.database, ...names], { timeout: 300_000 });
  const found = new Set(stdout.split("\n").map((line) => line.split(":")[0]));
  return records.filter(({ name }) => !found.has(name));
}

function recordsOf(bundle: Bundle): UserRecord[] {
  return [...filesOf(bundle).values()].flatMap(({ path, content, group }): UserRecord[] => {
    if (folderOf(path, [userdb]) === undefined || content === undefined) return [];
    const record = JSON.parse(content) as { userName?: string; groupName?: string; uid?: number; gid: number };
    const { userName, groupName, uid, gid } = record;
    if (userName !== undefined) return [{ group, path, database: "passwd", name: userName, id: uid!, gid }];
    return groupName === undefined ? [] : [{ group, path, database: "group", name: groupName, id: gid, gid }];
  });
}
