import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { nftables } from "../../../components/network/nftables.host.ts";
import { routerFirewall } from "../../../components/network/router-firewall.host.ts";
import { folderOf } from "../../../components/registry/bundle/bundle-folder.ts";
import { type Bundle, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { filesOf } from "../../store/generations.ts";
import { routerOf } from "../../store/host-name.ts";
import { arm, confirm, type DeadMan, restore } from "../dead-man.ts";
import type { Machine } from "../machine.ts";
import { openOutside } from "../outside.ts";
import { opensOne, sshDoors } from "../ssh/ssh.ts";
import { within } from "./bird.ts";
import { fromController, opensToController, type Table } from "./controllers.ts";
import { doorsInWords, frontDoors, isDeclaredShut, shutDoors } from "./front-end.ts";
import { addressesIn, watchSessions } from "./router-sessions.ts";

/** Restores the rules of before. */
const deadManOf = (rescue: string): DeadMan => {
  return { name: "firewall", what: "rules", rescue, restoring: (file) => ["nft", "-f", file] };
};

/**
 * A hash of the bundle's tables in the kernel, without parts that change by themselves (counters, handles, elements of dynamic sets). It
 * differs after a flush or an edit by hand. `undefined` if the bundle has no firewall.
 */
export async function firewallHash({ run }: Machine, bundle: Bundle): Promise<string | undefined> {
  const tables = ourTables(bundle);
  if (tables.length === 0) return undefined;
  const hash = createHash("sha256");
  for (const { family, name } of tables) {
    const { status, stdout } = await run("nft", ["-j", "list", "table", family, name]);
    hash.update(status === 0 ? JSON.stringify(JSON.parse(stdout), steady) : `no table ${name}`);
  }
  return hash.digest("hex");
}

/** Tables that the bundle's rules create. */
export function ourTables(bundle: Bundle): Table[] {
  const files = [...filesOf(bundle).values()].filter(({ path }) => folderOf(path, [nftables, routerFirewall]));
  return files.flatMap(({ content }) => tablesIn(content ?? ""));
}

function tablesIn(rules: string): Table[] {
  return [...rules.matchAll(/^\s*table\s+(\w+)\s+([\w-]+)\s*\{/gm)].map(([, family, name]) => {
    return { family: family!, name: name! };
  });
}

function steady(key: string, value: unknown): unknown {
  if (["handle", "packets", "bytes", "used", "metainfo"].includes(key)) return undefined;
  const set = value as { flags?: unknown; elem?: unknown } | null;
  const isDynamic = [set?.flags].flat().some((flag) => flag === "dynamic" || flag === "timeout");
  return isDynamic ? { ...set, elem: undefined } : value;
}

/** Milliseconds until a router's sessions notice by BFD that packets do not come any more, and seconds until all of them must work again. */
const [noticed, patience] = [2000, 8];

/**
 * Loads the rules of the generation in force in one step. Before that a timer is set that restores the old tables. It is disarmed only
 * after SSH has answered with the new rules, to a client that is not the host itself ({@link openOutside}): as a controller, or as a stranger;
 * and the front end too, where it did before and no declared rule closes it; on a router, after its sessions are as before. Tables of others are left alone, now and when the old ones are restored.
 * @returns the error, if any, and whether the old rules are in force again
 */
export async function loadFirewall(machine: Machine): Promise<string | undefined> {
  const { disk, layout, run } = machine;
  const isRouter = routerOf(machine) !== undefined;
  const file = `${currentGeneration}/${(isRouter ? routerFirewall : nftables).entry.file}`;
  const rules = layout.at(file);
  // nft itself complains of a missing file.
  const text = existsSync(rules) ? readFileSync(rules, "utf8") : "";
  const tables = tablesIn(text);
  const before = await rulesOf(machine, tables);
  if (before instanceof Error) return `${before.message}, so the new rules were not loaded`;
  const rescue = `${layout.jobs}/firewall-before.nft`;
  disk.makeDirectory(layout.jobs, 0o700);
  disk.replace(
    rescue,
    `${tables.map(({ family, name }) => `destroy table ${family} ${name}\n`).join("")}${before}`,
    0o600,
  );
  const loadable = await run("nft", ["-c", "-f", rescue]);
  if (loadable.status !== 0) {
    return `the rules in force could not be restored, so the new ones were not loaded: ${loadable.stderr.trim()}. Remove what others added to these tables`;
  }
  const doors = await sshDoors(machine);
  if (doors instanceof Error) return `cannot check SSH, so the new rules were not loaded: ${doors.message}`;
  const outside = await openOutside(machine);
  if (typeof outside === "string") return `cannot check SSH from outside, so the new rules were not loaded: ${outside}`;
  await using _outside = outside;
  // Quick where SSH is closed to strangers: those would wait.
  const opens = async () => (await opensToController(machine, tables, outside, doors)) || opensOne(outside, doors);
  const answered = doors.length > 0 && (await opens());
  const texts = (path: string) => {
    const at = layout.at(`${currentGeneration}/${path}`);
    return existsSync(at) ? readFileSync(at, "utf8") : undefined;
  };
  const front = frontDoors(texts);
  const closed = await shutDoors(outside, front);
  const visited = front.filter((door) => !closed.includes(door) && !isDeclaredShut(texts, door, outside.addresses));
  const sessions = isRouter ? await watchSessions(machine, addressesIn(text)) : async () => undefined;
  const deadMan = deadManOf(rescue);
  const unarmed = await arm(machine, deadMan);
  if (unarmed !== undefined) return unarmed;
  const loaded = await run("nft", ["-f", file]);
  if (loaded.status !== 0) return restore(machine, deadMan, `nft: ${loaded.stderr.trim()}`);
  const shut = doors.length > 0 && !(await opens());
  // With somebody connected, and no answer before either, other rules than these keep strangers out. At boot nobody is. A router has rules of others.
  const others = !answered && (isRouter || process.env.SSH_CONNECTION !== undefined);
  if (shut && others)
    machine.say("SSH did not answer from outside before these rules either, so it is unknown whether they block it");
  if (shut && !others) {
    return restore(
      machine,
      deadMan,
      `the new rules block SSH on port ${[...new Set(doors.map(({ port }) => port))].join(", ")}${fromController()}`,
    );
  }
  const lost = await shutDoors(outside, visited);
  if (lost.length > 0)
    return restore(machine, deadMan, `the new rules shut visitors out of the front end: ${doorsInWords(lost)}`);
  if (isRouter) await sleep(noticed);
  const cut = isRouter ? await within(patience, sessions) : undefined;
  return cut === undefined ? confirm(machine, deadMan) : restore(machine, deadMan, cut);
}

/**
 * A listing without what the kernel has put into sets by itself: it names links, and cannot be read back once one of them is gone, as that of an
 * account that has gone to rest.
 */
function withoutCounts(listing: string): string {
  return listing.replaceAll(
    /^(\tset .*\n(?:\t\t(?!elements).*\n)*\t\tflags .*\bdynamic\b.*\n(?:\t\t(?!elements).*\n)*)\t\telements = \{[^}]*\}\n/gm,
    "$1",
  );
}

/**
 * The listing of these tables as they are in the kernel; empty for those that are not there.
 * @returns an error if nft does not tell: a table that is there would be missing when the rules are restored
 */
async function rulesOf({ run }: Machine, tables: readonly Table[]): Promise<string | Error> {
  const listings = await Promise.all(tables.map(({ family, name }) => run("nft", ["list", "table", family, name])));
  const failed = listings.find(({ status, stderr }) => status !== 0 && !stderr.includes("No such file or directory"));
  if (failed) return new Error(`nft cannot list the rules in force: ${failed.stderr.trim()}`);
  return listings.map(({ status, stdout }) => (status === 0 ? withoutCounts(stdout) : "")).join("");
}
