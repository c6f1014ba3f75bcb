import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { Bundle, Group } from "../../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference, type Repair } from "../../../delivery/protocol/inspection.ts";
import { isTemplate, templateOf } from "../../../lib/systemd/unit-name.ts";
import { type UnitStates, unitsOf } from "../../apply/hooks/choose.ts";
import type { Machine } from "../../os/machine.ts";
import { ask, givenUp, lastDaemonReload, serviceOf, socketOf, statesOf } from "../../os/systemd.ts";
import { awaitedAccounts } from "../../store/awaited.ts";
import type { Found } from "../../store/file-drift.ts";
import { accountsOf, completedAt, type Generation } from "../../store/generations.ts";
import { goneAccounts, goneInWords, heldGroups, isMarked, readMark, unfinishedCopy } from "../../store/moving.ts";
import { accountNumber } from "../files.ts";
import { changedSince, groupOfUnit, ourUnits } from "./overlays.ts";

/** Properties of one loaded unit. */
export interface Shown {
  readonly needsReload: boolean;
  /** 0 if there is none. */
  readonly mainPid: number;
}

/** Milliseconds by which clocks and file times may differ. */
const clockError = 1000;

/**
 * Properties of the host's units, and of loaded account units whose settings may have changed since systemd read them, in one call.
 * systemd needs milliseconds for each unit, whichever properties are asked for, and more for each unit file of the host (measured: 23 ms with
 * 300 accounts), so unchanged units are left out: those of which no file was written since systemd read all units, or since an apply
 * had brought all into force. A unit that is not loaded is read when it starts.
 * @param known states of all loaded units, if the caller has asked for them already
 * @param found files of the generation as this run has found them, by bundle path
 */
export async function showUnits(
  machine: Machine,
  generation: Generation,
  known?: UnitStates,
  found?: ReadonlyMap<string, Found>,
): Promise<ReadonlyMap<string, Shown>> {
  const { bundle } = generation;
  const read = (await lastDaemonReload(machine)) - clockError;
  const changed = changedSince(machine, bundle, Math.max(read, completedAt(machine, generation)), found);
  const ours = ourUnits(bundle);
  const candidates = [...ours].flatMap(([name, group]) => (group === "host" || changed.has(name) ? [name] : []));
  const states =
    known ??
    (await statesOf(
      machine,
      candidates.map((name) => (isTemplate(name) ? name.replace("@", "@*") : name)),
    ));
  const own = candidates.filter((name) => states.has(name));
  const isChanged = (name: string | undefined) => name !== undefined && ours.has(name) && changed.has(name);
  const asked = [...own, ...[...states.keys()].filter((name) => isChanged(templateOf(name)) && !ours.has(name))];
  if (asked.length === 0) return new Map();
  const properties = "--property=Id,NeedDaemonReload,MainPID";
  const stdout = await ask(machine, ["show", properties, "--", ...asked]);
  return new Map(
    stdout.split("\n\n").map((block) => {
      const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(block)?.[1] ?? "";
      return [value("Id"), { needsReload: value("NeedDaemonReload") === "yes", mainPid: Number(value("MainPID")) }];
    }),
  );
}

/** Units that should run but do not, and failed units of others that the host may need. */
export function lookAtStates(bundle: Bundle, states: UnitStates): Difference[] {
  const units = unitsOf(bundle);
  const differences: Difference[] = [];
  for (const { name, want, group } of units.values()) {
    const state = states.get(name) ?? "not loaded";
    if (want !== "start" || state === "active") continue;
    if (state === givenUp) {
      differences.push(disabled(serviceOf(name), group, "it ended, and has restart: never", name));
      continue;
    }
    // Its socket says it.
    if (state === "failed" && states.get(socketOf(name)) === givenUp) continue;
    if (isProgram(name, group)) {
      // Between two tries it is on its way.
      if (state === "activating" || state === "deactivating") continue;
      if (state === "failed") {
        differences.push(disabled(name, group));
        continue;
      }
    }
    const kind = state === "failed" ? "unit-failed" : "unit-stopped";
    differences.push({
      group,
      kind,
      what: name,
      message: `${name} is ${state}, but should be active`,
      repaired: byDeploy,
    });
  }
  for (const [name, state] of states) {
    if (state !== "failed" || units.has(name) || /^account-\d+[-.]/.test(name)) continue;
    const repaired = `by hand: see \`systemctl status ${name}\`` as const;
    differences.push({ group: "host", kind: "unit-failed", what: name, message: `${name} has failed`, repaired });
  }
  return differences;
}

/** Declared accounts of which nothing may run: a move that was interrupted, or this host was declared lost. */
export function lookAtHeld(machine: Machine, bundle: Bundle): Difference[] {
  const gone = goneAccounts(machine);
  const isAwaited = new Set(awaitedAccounts(machine, bundle.host));
  return heldGroups(machine)
    .filter((group) => bundle.groups[group])
    .map((group) => {
      const number = accountNumber(group);
      const why = gone.get(number);
      const from = unfinishedCopy(machine, number)?.from;
      const [reason, repaired] = ((): [string, Repair] => {
        if (why) {
          const doubt = "if the inventory does not say so, deploy here with --repair";
          return [`${goneInWords(bundle.host, number, why)}; ${doubt}`, byDeploy];
        }
        if (isMarked(machine, "replacing", number)) {
          const id = readMark(machine, "replacing", number);
          return [
            `restore ${id} is not complete`,
            `by hand: \`fairhost-host restore-declared ${number}\` goes on with it`,
          ];
        }
        if (isAwaited.has(number)) {
          return [
            "it waits for its newest backup, which this host made as another machine",
            "by hand: `fairhost-host restore-host` restores it from its newest backup",
          ];
        }
        if (from === undefined) return ["it moves", "by hand: deploy again, which goes on with the move"];
        return [
          `it is an unfinished copy of account ${from}`,
          `by hand: run \`fairhost-host copy ${from} ${number}\` again`,
        ];
      })();
      const message = `${group} is held, and nothing of it runs here: ${reason}`;
      return { group, kind: "account-held", what: group, message, repaired };
    });
}

/** Whether a unit is a program of an account, which may end as it likes. */
export function isProgram(unit: string, group: Group): boolean {
  return group !== "host" && unit.endsWith(".service");
}

/** A program of an account that has failed for good: no drift, since nothing but the program itself is wrong, and a deploy does not start it. */
function disabled(name: string, group: Group, why = "it failed too often", ...sockets: string[]): Difference {
  const log = name.replace(/^account-\d+-|\.service$/g, "");
  const message = `${name} is disabled: ${why}, and nothing starts it again; its log is admin/logs/${log}.log`;
  const repaired = `by hand: \`systemctl start ${[...sockets, name].join(" ")}\`, once its program works` as const;
  return { group, kind: "unit-failed", what: name, message, repaired, note: true };
}

/** @param ofEveryUnit whether an override applies to every unit of the host: then that is reported instead of each unit */
export function lookAtReloads(bundle: Bundle, shown: ReadonlyMap<string, Shown>, ofEveryUnit: boolean): Difference[] {
  const ours = ourUnits(bundle);
  if (ofEveryUnit) return [];
  return [...shown].flatMap(([name, { needsReload }]) => {
    if (!needsReload) return [];
    const message = `${name} was edited, but systemd has not reloaded it: it runs with other settings than its files have`;
    return [
      { group: groupOfUnit(name, ours) ?? "host", kind: "unit-not-reloaded", what: name, message, repaired: byDeploy },
    ];
  });
}

/** Processes in an account's slice that belong to none of its units, and processes of an account outside of its slice. */
export function lookAtProcesses({ layout }: Machine, bundle: Bundle): Difference[] {
  const differences: Difference[] = [];
  const ours = ourUnits(bundle);
  const root = layout.at("/sys/fs/cgroup/account.slice");
  for (const slice of existsSync(root) ? directories(root) : []) {
    const number = Number(/^account-(\d+)\.slice$/.exec(slice)?.[1]);
    const known: Group = `account-${number}`;
    const group = bundle.groups[known] ? known : "host";
    const foreign =
      group === "host"
        ? [""]
        : ["", ...directories(`${root}/${slice}`).filter((name) => groupOfUnit(name, ours) !== group)];
    for (const name of foreign) {
      // Without a name: processes in the slice itself. An undeclared slice is foreign as a whole.
      const pids = processesIn(`${root}/${slice}/${name}`, name !== "" || group === "host");
      if (pids.length === 0) continue;
      const what = name || slice;
      const message = `${what} runs process ${pids[0]} in the slice ${slice}, where only the account's own services should run`;
      const fix = /\.(service|scope|slice)$/.test(what) ? `systemctl stop ${what}` : `kill ${pids[0]}`;
      differences.push({
        group,
        kind: "foreign-process",
        what,
        message,
        repaired: `by hand: ${name ? fix : `kill ${pids[0]}`}`,
      });
    }
  }
  return [...differences, ...strays(layout.at("/proc"), bundle)];
}

/** Where a host works on an account's backups as the account, outside of its slice. */
const ofBackups = /\/fairhost-(?:backup\.slice|repositories\.service|expire-backups\.service)(?:\/|$)/m;

function strays(proc: string, bundle: Bundle): Difference[] {
  if (!existsSync(proc)) return [];
  const byUid = new Map(accountsOf(bundle).map(([group, { uid, number }]) => [uid, { group, number }]));
  return readdirSync(proc).flatMap((pid): Difference[] => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const account = byUid.get(statSync(`${proc}/${pid}`).uid);
      if (!account) return [];
      const cgroup = readFileSync(`${proc}/${pid}/cgroup`, "utf8");
      if (cgroup.includes(`/account-${account.number}.slice/`) || ofBackups.test(cgroup)) return [];
      const name = readFileSync(`${proc}/${pid}/comm`, "utf8").trim();
      const message = `process ${pid} (${name}) of account ${account.number} runs outside of its slice, without its limits`;
      const repaired = `by hand: kill ${pid}` as const;
      return [{ group: account.group, kind: "foreign-process", what: name, message, repaired }];
    } catch {
      // It has ended in the meantime.
      return [];
    }
  });
}

function directories(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function processesIn(cgroup: string, recursive: boolean): number[] {
  try {
    const own = readFileSync(`${cgroup}/cgroup.procs`, "utf8").split("\n").filter(Boolean).map(Number);
    const below = recursive ? directories(cgroup).flatMap((name) => processesIn(`${cgroup}/${name}`, true)) : [];
    return [...own, ...below];
  } catch {
    // Threaded, or it has already ended.
    return [];
  }
}
