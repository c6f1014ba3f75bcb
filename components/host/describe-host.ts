import { count, listed } from "../../lib/text/text.ts";
import { describeRules } from "../firewall/describe-rules.ts";
import { accountsOn, type Describe, differences, type Effect, effect } from "../registry/change.ts";
import type { Element } from "../registry/kind.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { resyncMinutes, swappedDisks } from "./hardware/disks.ts";

type Host = Element<"hosts">;

/** Describes the effects of a change of a host on its accounts. */
export const describeHost: Describe<"hosts"> = ({ subject, op, paths, untold, ...change }, { before, after }) => {
  const host = (change.after ?? change.before)!;
  if (op === "create") {
    return [
      effect(
        subject,
        `Adds host ${host.name} (${host.role}) at ${host.site}, ${host.hall}, ${host.rack}: bootstrap and first generation${wayWords(host)}.`,
      ),
    ];
  }
  const residents = accountsOn(before, host.name);
  const served = residents.length === 0 ? "no accounts" : count(residents.length, "account");
  if (op === "delete") {
    return [
      effect(
        subject,
        `Removes host ${host.name}: every unit and route of Fairhost on it stops, ${served}.`,
        residents,
        {
          destroys: residents.length > 0,
        },
      ),
    ];
  }
  const [was, is] = [change.before!, change.after!];
  const effects: Effect[] = [];
  if (was.serial !== is.serial) {
    effects.push(
      effect(subject, `Replaces the machine of ${is.name}: ${served}, whose data is then only in backups.`, residents, {
        destroys: true,
      }),
    );
  }
  const disks = describeSwap(was, is, served);
  if (disks !== undefined) effects.push(effect(subject, disks, residents));
  if (was.release !== is.release) {
    effects.push(
      effect(subject, `Changes Debian on ${is.name} from ${was.release} to ${is.release}: ${served}.`, residents),
    );
  }
  if (was.role !== is.role && after.hosts.length > 0) {
    effects.push(effect(subject, `Makes ${is.name} ${roleWords(is)} (it was ${roleWords(was)}).`, residents));
  }
  if ((was.lost === undefined) !== (is.lost === undefined))
    effects.push(effect(subject, lostWords(is, after), residents));
  const asOf = is.upgrades.asOf;
  if (asOf !== undefined && asOf !== was.upgrades.asOf) {
    const runtimes = is.runtimes.length === 0 ? "" : `, runtimes (${is.runtimes.join(", ")}) included`;
    effects.push(
      effect(
        subject,
        `Upgrades all Debian packages of ${is.name}${runtimes}, as of ${asOf}. Daemons of upgraded packages restart; programs of ${served} go on with the old files until they start again.`,
        residents,
      ),
    );
  }
  for (const sentence of describeRules(`host ${is.name} and its accounts`, was.firewall, is.firewall))
    effects.push(effect(subject, sentence, residents));
  const said = ["serial", "release", "role", "waivers", "upgrades.asOf", "firewall"];
  if ((was.lost === undefined) !== (is.lost === undefined)) said.push("lost");
  const rest = paths.filter((path) => !said.includes(path.split(".")[0]!) && !said.includes(path));
  if (rest.length > 0) {
    const all = differences({ paths, untold, before: was, after: is }, rest);
    effects.push(effect(subject, `Changes host ${is.name}: ${all}.`, residents));
  }
  return effects;
};

/** What goes with a host that is lost, and what comes back with it. */
function lostWords({ name, lost }: Host, { accounts }: Declaration): string {
  const numbers = (place: "host" | "standby") =>
    accounts.flatMap((account) => (account[place] === name ? `${account.number}` : []));
  const [on, kept] = [numbers("host"), numbers("standby")];
  const some = (list: readonly string[]) => `${list.length === 1 ? "account" : "accounts"} ${listed(list)}`;
  if (lost === undefined) {
    const back = [
      ...(on.length > 0 ? [`${some(on)} ${on.length === 1 ? "runs" : "run"} on it, with the data that it has`] : []),
      ...(kept.length > 0 ? [`it is the standby of ${some(kept)}`] : []),
    ];
    return `Host ${name} is back: deploys deliver to it again; ${back.length === 0 ? "no account is declared on it" : back.join("; ")}.`;
  }
  const gone = [
    ...(on.length > 0 ? [`${some(on)} on it ${on.length === 1 ? "has" : "have"} no service`] : []),
    ...(kept.length > 0 ? [`${some(kept)} ${kept.length === 1 ? "has" : "have"} no standby`] : []),
  ];
  return `Host ${name} is lost since ${lost}: deploys do not contact it; ${gone.length === 0 ? "no account needs it" : gone.join("; ")}.`;
}

/** Describes the disks that are replaced, with their mirrors; nothing if none is. */
function describeSwap(was: Host, is: Host, served: string): string | undefined {
  const swapped = swappedDisks(was, is);
  if (swapped.length === 0) return undefined;
  const minutes = Math.max(...swapped.map(({ sizeGb }) => resyncMinutes(sizeGb)));
  const whole = is.mirrors.filter(({ disks }) => disks.every((slot) => swapped.some((disk) => disk.slot === slot)));
  if (whole.length > 0) {
    return `Replaces every disk of mirror ${listed(whole.map(({ name }) => name))} of ${is.name}: ${served} lose the data on it.`;
  }
  return `Swaps disk ${listed(swapped.map(({ slot }) => slot))} of ${is.name}: ${served} on a single disk while the mirror resyncs, about ${minutes} minutes.`;
}

function roleWords({ role }: Host): string {
  return role === "accounts" ? "a host for accounts" : `a ${role} host`;
}

function wayWords({ ssh }: Host): string {
  return ssh === undefined ? "" : `; root logs in at ${ssh.address} port ${ssh.port}`;
}
