import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { type BundleFolder, folderOf } from "../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle, BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { heldAccounts, replacingAccounts } from "../../delivery/protocol/moving.ts";
import { inOrder } from "../../lib/in-order.ts";
import type { Machine } from "../os/machine.ts";
import { readCurrent } from "./generations.ts";
import { stateDirectory } from "./layout.ts";
import { isRecord, readOwn, readOwnIfWhole, type Schema } from "./own-file.ts";
import { type Taken, withoutKept } from "./staging/taken-paths.ts";

/**
 * What a host remembers of an account that moves or becomes a copy, whatever is delivered meanwhile, over reboots too: a file with its number in a directory.
 * `held`: nothing of it may start here (its slice asserts that the file is not there, so systemd itself refuses each of its programs).
 * `coming`: it moves to this host, and its data is not complete here: of its files only those are in force that show it to nobody.
 * `leaving`: it moves away: although it is no longer declared here, it stays in force, as it is.
 * `restoring`: it comes from the backups of a lost host, or of the machine that this host was before. The file's text is {@link awaited} until its data is whole here: until then it cannot land.
 * `copying`: a copy of the account whose number is the file's text is being put into it, and is not complete: it is held as well.
 * `replacing`: a declared restore replaces its data, and is not complete: it is held as well (host/restores). The file's text is the id of the restore.
 * `superseded`: its data here is the copy that a move has left, or an unfinished one. The file's text is until when it is kept, ISO 8601.
 * `gone`: backup hosts say that it has another host, because this one was declared lost. With `held`, it is shown to nobody; without, that it goes on here is
 * not in force yet. The file's text is {@link Gone}.
 */
const marks = {
  held: heldAccounts,
  coming: join(stateDirectory, "coming"),
  leaving: join(stateDirectory, "leaving"),
  restoring: join(stateDirectory, "restoring"),
  copying: join(stateDirectory, "copying"),
  replacing: replacingAccounts,
  superseded: join(stateDirectory, "superseded"),
  gone: join(stateDirectory, "gone"),
} as const;
export type Mark = keyof typeof marks;
export const markNames = Object.keys(marks) as readonly Mark[];

/** Text of the mark `restoring` of an account whose data is not whole here. Later it is one that begins with {@link restored}, or {@link nothing}. */
export const awaited = "awaited";
export const restored = "the backup of ";
export const nothing = "nothing";
/** The same as {@link awaited} of an account whose backups were made by this host, when it was another machine. */
export const ownAwaited = "awaited from this host's backups";

type Place = Pick<Machine, "layout">;

const pathOf = ({ layout }: Place, mark: Mark, number: number) => layout.at(join(marks[mark], `${number}`));

export function isMarked(machine: Place, mark: Mark, number: number): boolean {
  return existsSync(pathOf(machine, mark, number));
}

/** Numbers of the accounts with a mark. */
export function marked({ layout }: Place, mark: Mark): number[] {
  const path = layout.at(marks[mark]);
  return existsSync(path) ? readdirSync(path).map(Number).filter(Number.isSafeInteger) : [];
}

/** When a mark was set. */
export function markedAt(machine: Place, mark: Mark, number: number): Date {
  return statSync(pathOf(machine, mark, number)).mtime;
}

/** Text of a mark. */
export function readMark(machine: Place, mark: Mark, number: number): string {
  return readFileSync(pathOf(machine, mark, number), "utf8").trim();
}

export function setMark(machine: Machine, mark: Mark, number: number, text: string = new Date().toISOString()): void {
  const path = pathOf(machine, mark, number);
  machine.disk.makeDirectory(dirname(path), 0o700);
  machine.disk.replace(path, `${text}\n`, 0o600);
}

export function removeMarks(machine: Machine, number: number, ...names: Mark[]): void {
  for (const mark of names) machine.disk.remove(pathOf(machine, mark, number));
}

/**
 * Of which account another one is an unfinished copy, and when that copy was first put in force, ISO 8601. With a damaged mark only its owner knows of
 * which: the next copy into it writes the mark anew.
 */
export function unfinishedCopy(machine: Place, number: number): { from: number | "FROM"; since: string } | undefined {
  if (!isMarked(machine, "copying", number)) return undefined;
  const since = markedAt(machine, "copying", number).toISOString();
  const text = readMark(machine, "copying", number);
  return { from: /^[1-9]\d*$/.test(text) ? Number(text) : "FROM", since };
}

/**
 * What the mark `restoring` says: {@link awaited} also if it is damaged, because an account whose data is not whole must not land. To restore it again does no
 * harm. Undefined without the mark.
 */
export function restoredFrom(machine: Place, number: number): string | undefined {
  if (!isMarked(machine, "restoring", number)) return undefined;
  const text = readMark(machine, "restoring", number);
  return text === nothing || text.startsWith(restored) ? text : awaited;
}

/** Why an account counts as gone. */
export interface Gone {
  /** Backup hosts that said so. */
  readonly by: readonly string[];
  /** The day on which this host was lost, as they say. */
  readonly lost: string;
  /** Number of the answer (delivery/protocol/answers.ts). */
  readonly number: number;
}

const isGone: Schema<Gone> = (value): value is Gone =>
  isRecord(value) &&
  typeof value.lost === "string" &&
  Number.isSafeInteger(value.number) &&
  Array.isArray(value.by) &&
  value.by.length > 0 &&
  value.by.every((name) => typeof name === "string");

/** What a damaged mark says: the account stays gone until a deploy comes, because it may run elsewhere. */
const unknownGone: Gone = { by: ["a backup host"], lost: "an unknown day", number: 0 };

/** What is known of accounts that have gone, by number; also of those of which it is not in force yet that they go on here. */
export function knownGone(machine: Place): ReadonlyMap<number, Gone> {
  return new Map(
    marked(machine, "gone").map((number) => [
      number,
      readOwnIfWhole(pathOf(machine, "gone", number), isGone) ?? unknownGone,
    ]),
  );
}

/** Accounts that are held because they have gone, by number. */
export function goneAccounts(machine: Place): ReadonlyMap<number, Gone> {
  return new Map([...knownGone(machine)].filter(([number]) => isMarked(machine, "held", number)));
}

export function goneInWords(host: string, number: number, { by, lost }: Gone): string {
  return `${by.join(" and ")} ${by.length === 1 ? "says" : "say"} that ${host} is lost since ${lost}, and that account ${number} is on another host now`;
}

/** Holds an account that has gone. In this order: one that is held for a reason that nobody knows would stay so for ever. */
export function holdGone(machine: Machine, number: number, gone: Gone): void {
  const text = JSON.stringify(gone);
  if (!isMarked(machine, "gone", number) || readMark(machine, "gone", number) !== text)
    setMark(machine, "gone", number, text);
  if (!isMarked(machine, "held", number)) setMark(machine, "held", number);
}

/** Lets an account that had gone run again. A move, a copy or a restore that holds it goes on doing so. {@link forgetGone} follows once that is in force. */
export function letGo(machine: Machine, number: number): void {
  const holding = ["coming", "leaving", "copying", "replacing"] as const;
  if (!holding.some((mark) => isMarked(machine, mark, number))) removeMarks(machine, number, "held");
}

/** Lets accounts be as if they had not gone. */
export function forgetGone(machine: Machine, numbers: Iterable<number>): void {
  for (const number of numbers) {
    letGo(machine, number);
    removeMarks(machine, number, "gone");
  }
}

/** Groups of all accounts that are held here, declared or not. */
export function heldGroups(machine: Place): Group[] {
  return marked(machine, "held").map((number): Group => `account-${number}`);
}

/** The bundle as it is to run now: of held accounts nothing has to run. Files and digests are the same. */
export function asItMayRun(machine: Place, bundle: Bundle): Bundle {
  const held = heldGroups(machine).filter((group) => bundle.groups[group]);
  if (held.length === 0) return bundle;
  const groups = { ...bundle.groups };
  for (const name of held) {
    const group = groups[name]!;
    groups[name] = { ...group, units: group.units.map((unit) => ({ ...unit, want: "on-demand" })) };
  }
  return { ...bundle, groups };
}

/**
 * The bundle that is to be in force while accounts move: of those that come, or have gone, only what shows them to nobody, and those that leave as they are. What
 * goes from one that leaves to another account is in force for the latter once the move is over ({@link waitingForMoves}).
 */
export function whileMoving(machine: Place, current: Bundle, delivered: Bundle): Bundle {
  return onTheWay(machine, current, delivered).bundle;
}

/**
 * What accounts get only when others have moved away, because it is still of these: a host name is one file. In words.
 * @param current what is in force
 * @param delivered what was delivered last; with its file damaged nobody knows what waits
 */
export function waitingForMoves(machine: Machine, current: Bundle, delivered = deliveredIfWhole(machine)): string[] {
  if (!delivered) return [];
  const words = onTheWay(machine, current, delivered).taken.map(
    ({ group, from, path }) => `${inWords(group)} gets ${posix.basename(path)} when ${inWords(from)} has moved away`,
  );
  return [...new Set(words)];
}

const inWords = (group: Group) => group.replace("-", " ");

function onTheWay(machine: Place, current: Bundle, delivered: Bundle): { bundle: Bundle; taken: readonly Taken[] } {
  const groups = { ...delivered.groups };
  const gone = goneAccounts(machine);
  for (const number of new Set([...marked(machine, "coming"), ...gone.keys()])) {
    const group = groups[`account-${number}`];
    if (group) groups[`account-${number}`] = withoutOutside(group);
  }
  const kept: Partial<Record<Group, BundleGroup>> = {};
  for (const number of marked(machine, "leaving")) {
    const group = current.groups[`account-${number}`];
    if (!group || groups[`account-${number}`]) continue;
    kept[`account-${number}`] = gone.has(number) ? withoutOutside(group) : group;
    // It may be the last one here that needs a server of databases or a runtime.
    if (groups.host && current.groups.host) groups.host = withAllOf(groups.host, current.groups.host);
  }
  const { groups: others, taken } = withoutKept(groups, kept);
  const all = { ...others, ...kept };
  const names = Object.keys({ ...delivered.groups, ...all }) as Group[];
  const changed = names.some((name) => all[name] !== delivered.groups[name]);
  return { bundle: changed ? sealBundle(delivered.host, all) : delivered, taken };
}

function withoutOutside({ files, units, account }: BundleGroup): BundleGroup {
  const inward = files.filter(({ path }) => folderOf(path, bundleFolders as readonly BundleFolder[])?.showsNobody);
  return sealGroup({ files: inward, units, ...(account && { account }) });
}

/** A group, and what only another one has. */
function withAllOf(group: BundleGroup, other: BundleGroup): BundleGroup {
  const files = other.files.filter(({ path }) => !group.files.some((file) => file.path === path));
  const units = other.units.filter(({ name }) => !group.units.some((unit) => unit.name === name));
  if (files.length + units.length === 0) return group;
  return sealGroup({
    files: inOrder([...group.files, ...files], ({ path }) => path),
    units: inOrder([...group.units, ...units], ({ name }) => name),
  });
}

const isBundle: Schema<Bundle> = (value): value is Bundle =>
  isRecord(value) && typeof value.host === "string" && typeof value.digest === "string" && isRecord(value.groups);

/** The bundle that was delivered last, also while another one is in force because accounts move. @throws ApplyError if the file is damaged */
export function readDelivered(machine: Machine): Bundle {
  const remedy = "Deploy to this host again: that writes it anew";
  return readOwn(machine.layout.delivered, isBundle, remedy) ?? readCurrent(machine).bundle;
}

/**
 * The same where nothing may stand in the way of holding accounts: undefined if the file is damaged.
 * @param inForce what is in force, if the caller has read it already: its record is as long as all files
 */
export function deliveredIfWhole(machine: Machine, inForce?: Bundle): Bundle | undefined {
  const { delivered } = machine.layout;
  return existsSync(delivered) ? readOwnIfWhole(delivered, isBundle) : (inForce ?? readCurrent(machine).bundle);
}

/**
 * Remembers a delivered bundle, if it is not what is going to be in force, or if another one is remembered: until all of it is in force ({@link inForceNow}),
 * nothing else on the host has it. What is declared again is no old copy.
 */
export function rememberDelivered(machine: Machine, delivered: Bundle, inForce: Bundle): void {
  const { disk, layout } = machine;
  if (delivered !== inForce || existsSync(layout.delivered))
    disk.replace(layout.delivered, JSON.stringify(delivered), 0o600);
  for (const number of marked(machine, "superseded")) {
    if (inForce.groups[`account-${number}`]) removeMarks(machine, number, "superseded");
  }
}

/** Of a bundle that is in force as it was delivered nothing has to be remembered. */
export function inForceNow(machine: Machine, bundle: Bundle): void {
  const { disk, layout } = machine;
  if (existsSync(layout.delivered) && deliveredIfWhole(machine)?.digest === bundle.digest)
    disk.remove(layout.delivered);
}
