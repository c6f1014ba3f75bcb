import type {
  AccountContainerInputs,
  BareMetalHostInputs,
  Declaration,
  PlanInputs,
} from "../../components/declaration.ts";
import type { Subject } from "../../components/rule.ts";
import { count } from "../../fleet/load/problem.ts";
import { once } from "../../lib/once.ts";
import { nameOf } from "../../policies/format-violations.ts";
import type { Context } from "../rules/guard-rule.ts";
import { resyncMinutes } from "./costs.ts";
import { type Change, touches } from "./diff.ts";
import { accountsOn, differences, type Effect, listed } from "./effect.ts";

/** A change of one element in the words of the trade. What the host does about it is said of the host. */
export function describeChange(change: Change, context: Context): Effect[] {
  switch (change.kind) {
    case "accounts":
      return describeAccount(change, context);
    case "httpServers":
      return describeServer(change, context);
    case "hosts":
      return describeHost(change, context);
    case "plans":
      return describePlan(change, context);
    case "addresses":
    case "frontEnds":
      // Follow from accounts, HTTP servers and hosts, which are described.
      return [];
    case "registers":
      return [];
    case "sites":
    case "networks":
    case "routers":
    case "switches":
    case "ranges":
      return [plain(change)];
    default:
      return change satisfies never;
  }
}

function effect(of: Subject, sentence: string, accounts: readonly number[] = [], more: Partial<Effect> = {}): Effect {
  return { subject: of, sentence, accounts, seconds: 0, destroys: false, ...more };
}

/** An element without words of its own: what it is, and which properties change. */
function plain(change: Change): Effect {
  const name = nameOf(change.subject);
  switch (change.op) {
    case "create":
      return effect(change.subject, `Adds ${name}.`);
    case "delete":
      return effect(change.subject, `Gives up ${name}.`, [], { destroys: true });
    case "update":
      return effect(change.subject, `Changes ${name}: ${differences(change)}.`);
    default:
      return change satisfies never;
  }
}

const servers = once(({ httpServers }: Declaration) => Map.groupBy(httpServers, ({ account }) => account));
const addresses = once(({ addresses: all }: Declaration) => new Map(all.map((address) => [address.account, address])));
const byNumber = once((all: readonly Change<"accounts">[]) => new Map(all.map((each) => [each.subject.name, each])));

function describeAccount(change: Change<"accounts">, { before, after }: Context): Effect[] {
  const { subject, op } = change;
  const account = change.after ?? change.before;
  const who = `account ${account.number} (${account.name})`;
  const own = [account.number];
  const serversOf = ({ declaration }: typeof before) => servers(declaration).get(account.number)?.length ?? 0;
  if (op === "create") {
    const address = addresses(after.declaration).get(account.number);
    return [
      effect(
        subject,
        `Creates ${who} on ${account.host}, plan ${account.plan}, ${address?.prefix ?? "no prefix"}, ${count(serversOf(after), "HTTP server")}.`,
        own,
      ),
    ];
  }
  if (op === "delete") {
    return [
      effect(
        subject,
        `Deletes ${who}: ${count(serversOf(before), "HTTP server")} and the prefix go; its data, up to ${account.limits.diskGb} GB, stay on ${account.host} and are backed up no more.`,
        own,
        { destroys: true },
      ),
    ];
  }
  const [was, is] = [change.before, change.after];
  const effects: Effect[] = [];
  if (was.host !== is.host) {
    effects.push(
      effect(
        subject,
        `Moves ${who} from ${was.host} to ${is.host}; uid and number stay. Its data, up to ${was.limits.diskGb} GB, are not carried along: copy or restore them before the name points there.`,
        own,
        { destroys: true },
      ),
    );
  }
  if (was.plan !== is.plan)
    effects.push(effect(subject, `Changes the plan of ${who} from ${was.plan} to ${is.plan}.`, own));
  effects.push(...describeLimits(who, was, is, subject));
  if (was.name !== is.name)
    effects.push(effect(subject, `Renames account ${is.number} from ${was.name} to ${is.name}.`, own));
  if (was.protect !== is.protect) {
    effects.push(
      effect(
        subject,
        is.protect ? `Protects ${who} from deletion.` : `Takes the protection of ${who} away: it can be deleted next.`,
        own,
      ),
    );
  }
  if (touches(change, "backup")) {
    const [old, next] = [was.backup, is.backup].map((backup) =>
      backup ? `${count(backup.retentionDays, "day")} at ${backup.site}` : "none",
    );
    effects.push(effect(subject, `Changes the backups of ${who} from ${old} to ${next}.`, own));
  }
  if (touches(change, "standby")) {
    effects.push(
      effect(subject, `Changes the standby of ${who} from ${was.standby ?? "none"} to ${is.standby ?? "none"}.`, own),
    );
  }
  const said = ["host", "plan", "limits", "name", "protect", "backup", "standby", "waivers"];
  const rest = change.paths.filter((path) => !said.includes(path.split(".")[0]!));
  if (rest.length > 0) effects.push(effect(subject, `Changes ${who}: ${differences(change, rest)}.`, own));
  return effects;
}

function describeLimits(
  who: string,
  was: AccountContainerInputs,
  is: AccountContainerInputs,
  about: Subject,
): Effect[] {
  const units: Readonly<Record<keyof AccountContainerInputs["limits"], readonly [word: string, unit: string]>> = {
    cpuWeight: ["CPU weight", ""],
    ioWeight: ["IO weight", ""],
    memoryMaxMb: ["memory", " MiB"],
    tasksMax: ["tasks", ""],
    diskGb: ["disk", " GB"],
  };
  const parts = (Object.keys(units) as (keyof typeof units)[]).flatMap((key) => {
    const [word, unit] = units[key];
    return was.limits[key] === is.limits[key] ? [] : [`${word} ${was.limits[key]} to ${is.limits[key]}${unit}`];
  });
  return parts.length === 0 ? [] : [effect(about, `Limits of ${who}: ${parts.join(", ")}.`, [is.number])];
}

function describeServer(change: Change<"httpServers">, { changes }: Context): Effect[] {
  const { op, subject } = change;
  const server = change.after ?? change.before;
  const own = [server.account];
  const of = `${server.name} of account ${server.account}`;
  // One that comes, goes or moves with its account is told with it.
  const its = byNumber(changes.accounts).get(String(server.account));
  const withAccount =
    its !== undefined && (its.op === op || (its.op === "update" && its.before.host !== its.after.host));
  if (op === "create") {
    return withAccount ? [] : [effect(subject, `Adds HTTP server ${of}${answering(server.hostnames)}.`, own)];
  }
  if (op === "delete") {
    return withAccount
      ? []
      : [effect(subject, `Takes HTTP server ${of} away${answering(server.hostnames)}; its files stay.`, own)];
  }
  const rest = change.paths.filter((path) => !(withAccount && path === "host"));
  return rest.length === 0 ? [] : [effect(subject, `Changes HTTP server ${of}: ${differences(change, rest)}.`, own)];
}

function answering(hostnames: readonly string[]): string {
  return hostnames.length === 0 ? "" : `, which answers for ${listed(hostnames)}`;
}

function describeHost(change: Change<"hosts">, { before, after }: Context): Effect[] {
  const { subject, op } = change;
  const host = change.after ?? change.before;
  if (op === "create") {
    return [
      effect(
        subject,
        `Adds host ${host.name} (${host.role}) at ${host.site}, ${host.hall}, ${host.rack}: bootstrap and first generation.`,
      ),
    ];
  }
  const residents = accountsOn(before.declaration, host.name);
  const served = residents.length === 0 ? "no accounts" : count(residents.length, "account");
  if (op === "delete") {
    return [
      effect(subject, `Gives host ${host.name} up: every unit and route of ours on it stops, ${served}.`, residents, {
        destroys: residents.length > 0,
      }),
    ];
  }
  const [was, is] = [change.before, change.after];
  const effects: Effect[] = [];
  if (was.serial !== is.serial) {
    effects.push(
      effect(
        subject,
        `Replaces the machine of ${is.name}: ${served}, whose data are only in backups then.`,
        residents,
        {
          destroys: true,
        },
      ),
    );
  }
  for (const sentence of describeDisks(was, is, served)) effects.push(effect(subject, sentence, residents));
  if (was.release !== is.release) {
    effects.push(
      effect(subject, `Changes Debian on ${is.name} from ${was.release} to ${is.release}: ${served}.`, residents),
    );
  }
  const here = after.declaration.hosts.length;
  if (was.role !== is.role && here > 0) {
    effects.push(effect(subject, `Makes ${is.name} a host for ${is.role} (it was for ${was.role}).`, residents));
  }
  const said = ["serial", "disks", "mirrors", "release", "role", "waivers"];
  const rest = change.paths.filter((path) => !said.includes(path.split(".")[0]!));
  if (rest.length > 0)
    effects.push(effect(subject, `Changes host ${is.name}: ${differences(change, rest)}.`, residents));
  return effects;
}

/** Which disks of which mirrors are other ones. */
function describeDisks(was: BareMetalHostInputs, is: BareMetalHostInputs, served: string): string[] {
  const swapped = swappedDisks(was, is);
  if (swapped.length === 0) {
    const same = JSON.stringify([was.disks, was.mirrors]) === JSON.stringify([is.disks, is.mirrors]);
    return same ? [] : [`Changes how disks and mirrors of ${is.name} are written down: ${served}.`];
  }
  const minutes = Math.max(...swapped.map(({ sizeGb }) => resyncMinutes(sizeGb)));
  const whole = is.mirrors.filter(({ disks }) => disks.every((slot) => swapped.some((disk) => disk.slot === slot)));
  if (whole.length > 0) {
    return [
      `Replaces every disk of mirror ${listed(whole.map(({ name }) => name))} of ${is.name}: ${served} lose what is on it.`,
    ];
  }
  return [
    `Swaps disk ${listed(swapped.map(({ slot }) => slot))} of ${is.name}: ${served} on one disk alone while the mirror resyncs, about ${minutes} minutes.`,
  ];
}

/** Disks whose slot holds another one afterwards, or none. */
export function swappedDisks(
  was: BareMetalHostInputs,
  is: BareMetalHostInputs,
): BareMetalHostInputs["disks"][number][] {
  const serials = new Map(is.disks.map(({ slot, serial }) => [slot, serial]));
  return was.disks.filter(({ slot, serial }) => serials.get(slot) !== serial);
}

function describePlan(change: Change<"plans">, { after }: Context): Effect[] {
  const { subject, op } = change;
  const plan: PlanInputs = change.after ?? change.before;
  const members = after.declaration.accounts
    .filter((account) => account.plan === plan.name)
    .map(({ number }) => number);
  if (op !== "update") return [plain(change)];
  return [
    effect(subject, `Changes plan ${plan.name}: ${differences(change)}; ${count(members.length, "account")}.`, members),
  ];
}
