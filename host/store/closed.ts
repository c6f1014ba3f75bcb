import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { answersDirectory } from "../../delivery/protocol/answers.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { once, onceByName } from "../../lib/once.ts";
import type { Machine } from "../os/machine.ts";
import { recordName } from "./layout.ts";
import { dnsDirectory, secretDirectories } from "./secrets.ts";

/** A file or directory that is closed to others: its mode has no bit that `mode` has not. */
interface Closed {
  /** On this machine. */
  readonly path: string;
  readonly mode: number;
  /** Who may own it besides root, by name. */
  readonly user?: string | undefined;
}

/** One that was opened to others by hand. */
interface Exposed extends Closed {
  /** Continues a sentence after the path: `had mode 644 instead of 400`. */
  readonly wrong: string;
  /** Uid that it is to belong to; its own one where /etc/passwd does not know the user, as those that systemd makes up. */
  readonly owner: number;
}

/**
 * What is closed to others, and is open or belongs to somebody else. Nothing is listed by hand: the applier's own state is closed unless it is said to be
 * public, the units of the bundle say which directories they make and with what mode, and which files they load as credentials.
 */
export function exposedFiles(machine: Machine, bundle: Bundle): Exposed[] {
  const uids = uidsOf(machine);
  return [...ownState(machine), ...declared(machine, bundle), ...sshHostKeys(machine)].flatMap((closed) => {
    const { path, mode, user } = closed;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat || stat.isSymbolicLink()) return [];
    const owner = uids.get(user ?? "root") ?? stat.uid;
    const isOther = stat.uid !== 0 && (user === undefined || (uids.get(user) ?? stat.uid) !== stat.uid);
    if (process.getuid?.() === 0 && isOther) return [{ ...closed, owner, wrong: `belonged to uid ${stat.uid}` }];
    const has = stat.mode & 0o7777;
    if ((has & ~mode) === 0) return [];
    return [{ ...closed, owner, wrong: `had mode ${has.toString(8)} instead of ${(has & mode).toString(8)}` }];
  });
}

/**
 * Closes them again. Only root and the services themselves can write into their directories; a symlink in the place of one is not followed.
 * @returns what was repaired, one line each
 */
export function closeExposed(machine: Machine, bundle: Bundle): string[] {
  const exposed = exposedFiles(machine, bundle);
  for (const { path, mode, owner } of exposed) machine.disk.restrict(path, mode, [owner, 0]);
  return exposed.map(({ path, wrong }) => `${path} ${wrong}`);
}

/** Names in the applier's state that everybody may read, those of the bootstrap among them; all others are for root. */
const publicState: readonly string[] = [
  "current",
  "host",
  "applied.json",
  "packages",
  "upgraded",
  basename(answersDirectory),
];

function ownState(machine: Machine): Closed[] {
  const { layout } = machine;
  const inside = (directory: string): Closed[] => {
    const entries = existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
    return entries.map((entry) => ({ path: join(directory, entry.name), mode: entry.isDirectory() ? 0o700 : 0o600 }));
  };
  const ofAccounts = [...secretDirectories(machine), dnsDirectory(machine)].flatMap(inside);
  return [
    { path: layout.state, mode: 0o755 },
    ...inside(layout.state).filter(({ path }) => !publicState.includes(basename(path))),
    ...inside(layout.secrets),
    ...ofAccounts.map(({ path }) => ({ path, mode: 0o400 })),
    { path: layout.jobs, mode: 0o700 },
    { path: join(layout.current, recordName), mode: 0o600 },
  ];
}

/** OpenSSH does not start with a key that others can read. */
function sshHostKeys({ layout }: Machine): Closed[] {
  const directory = layout.at("/etc/ssh");
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names
    .filter((name) => /^ssh_host_\w+_key$/.test(name))
    .map((name) => ({ path: join(directory, name), mode: 0o600 }));
}

/** Where systemd makes the directories of a setting (systemd.exec(5)). */
const places = {
  State: "/var/lib",
  Cache: "/var/cache",
  Logs: "/var/log",
  Runtime: "/run",
  Configuration: "/etc",
} as const;

/** What most units of accounts say nothing of: to look for each word in all of them takes longer. */
const saysSomething = new RegExp(`^(?:(?:${Object.keys(places).join("|")})Directory|LoadCredential)=|install -d `, "m");

/** What units say, with paths of the host. `tree`: everything inside is closed to others, too. */
const saidByUnits = once((bundle: Bundle): readonly (Closed & { readonly tree?: true })[] => {
  const units = Object.values(bundle.groups).flatMap((group) => group?.files ?? []);
  const services = units.filter(
    ({ path, content }) =>
      path.endsWith(".service") &&
      content !== undefined &&
      /^systemd\/[^/]+$/.test(path) &&
      saysSomething.test(content),
  );
  const said = services.flatMap(({ content = "" }) => inUnit(content));
  return [...new Map(said.map((each) => [each.path, each])).values()];
});

/** The values of a setting, in all its lines. */
const valuesOf = onceByName((key: string) => new RegExp(`^${key}=(.*)$`, "gm"));

function inUnit(text: string): (Closed & { readonly tree?: true })[] {
  const words = (key: string) =>
    text.includes(`${key}=`) ? [...text.matchAll(valuesOf(key))].flatMap(([, value = ""]) => value.split(" ")) : [];
  const user = words("User").at(-1);
  const directories = Object.entries(places).flatMap(([name, place]) =>
    words(`${name}Directory`).map((each) => {
      const mode = Number.parseInt(words(`${name}DirectoryMode`).at(-1) ?? "755", 8);
      const closes = (mode & 7) === 0 && words("UMask").some((mask) => (Number.parseInt(mask, 8) & 7) === 7);
      return {
        path: `${place}/${each}`,
        mode,
        user,
        ...(closes && user === undefined && name === "State" ? { tree: true as const } : {}),
      };
    }),
  );
  // Made before the service starts: `+/usr/bin/install -d -m 0700 -o postgres -g postgres PATH...`
  const installed = [
    ...text.matchAll(/^ExecStartPre=\+?\/usr\/bin\/install -d -m (\d+)((?: -[og] \S+)*)((?: \/\S+)+)$/gm),
  ];
  const made = installed.flatMap(([, mode = "", options = "", paths = ""]) => {
    const owner = / -o (\S+)/.exec(options)?.[1];
    return paths
      .trim()
      .split(" ")
      .map((path) => ({ path, mode: Number.parseInt(mode, 8), user: owner }));
  });
  const loaded = words("LoadCredential").map((each) => ({ path: each.slice(each.indexOf(":") + 1), mode: 0o660 }));
  return [...directories, ...made, ...loaded].filter(({ path }) => path.startsWith("/") && !path.includes("%"));
}

function declared({ layout }: Machine, bundle: Bundle): Closed[] {
  return saidByUnits(bundle).flatMap(({ path: onHost, mode, user, tree }) => {
    // Files of the generation are compared with the bundle.
    if (onHost.startsWith(`${layout.current.slice(layout.root.length)}/`)) return [];
    const path = layout.at(onHost);
    if (tree === undefined || !lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return [{ path, mode, user }];
    return [{ path, mode, user }, ...inside(path).map((each) => ({ path: each, mode: 0o7770 }))];
  });
}

/** All that is below a directory; what somebody removes meanwhile is not. A recursive readdir would follow symlinks to directories. */
function inside(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const each = join(path, entry.name);
      return entry.isDirectory() ? [each, ...inside(each)] : [each];
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** System users by name: only they run services that make directories. */
function uidsOf({ layout }: Machine): ReadonlyMap<string, number> {
  const path = layout.at("/etc/passwd");
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  return new Map(lines.map((line) => line.split(":")).map(([name = "", , uid]) => [name, Number(uid)]));
}
