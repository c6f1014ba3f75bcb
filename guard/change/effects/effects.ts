import { reachedNames } from "../../../components/network/router-systems/delivered-routers.ts";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import { accountsOn, type Effect, effect } from "../../../components/registry/change.ts";
import { describeChange, describing } from "../../../components/registry/describe.ts";
import type { Element, Key, Kind } from "../../../components/registry/kind.ts";
import { allKinds, type Subject, subject } from "../../../components/registry/subject.ts";
import { lazy, once } from "../../../lib/once.ts";
import { accountOfUnit } from "../../../lib/systemd/unit-name.ts";
import { count } from "../../../lib/text/text.ts";
import type { Context } from "../../rule.ts";
import { serverRestartSeconds, serviceRestartSeconds } from "./costs.ts";
import type { HostChange } from "./host-change.ts";
import { newCertificates } from "./new-certificates.ts";

/** Effects of a change, worst first: losses, then outages, then the rest in the order of the fleet. */
export function effectsOf(context: Context): Effect[] {
  const { before, after, changes } = context;
  const words = describing(before.declaration, after.declaration, changes);
  const effects: Effect[] = (Object.keys(context.changes) as Key[]).flatMap((kind) =>
    context.changes[kind].flatMap((change) => describeChange(change, words)),
  );
  for (const host of context.hosts) effects.push(...effectsOnHost(host, context));
  for (const router of context.routers) effects.push(...effectsOnRouter(router, context));
  effects.push(...newCertificates(before.declaration, after.declaration));
  const rank = ({ destroys, seconds }: Effect): number => (destroys ? 2 : seconds > 0 ? 1 : 0);
  return effects.sort((left, right) => rank(right) - rank(left) || right.seconds - left.seconds);
}

function effectsOnHost(change: HostChange, context: Context): Effect[] {
  const { host } = change;
  // A new or removed host is described as a whole.
  if (context.changes.hosts.some(({ op, subject: { name } }) => op !== "update" && name === host)) return [];
  return effectsOn(change, subject.host({ name: host }), context);
}

function effectsOnRouter(change: HostChange, context: Context): Effect[] {
  const about = subject.router({ name: change.host });
  if (reachedNames(context.before.declaration).includes(change.host)) return effectsOn(change, about, context);
  const what = "its routing, and its interfaces if the inventory names its ports, follow the inventory from now on";
  return [effect(about, `Delivers to ${change.host} for the first time: ${what}.`)];
}

/** What the applier will do on one host or router: its plan of hooks in words. */
function effectsOn(change: HostChange, about: Subject, context: Context): Effect[] {
  const { after } = context;
  const { host, hooks, groups, applier, packages, unknown, redelivered } = change;
  const isRouter = about.kind === "router";
  const residents = lazy(() => accountsOn(after.declaration, host));
  const effects: Effect[] = [];
  const say = (sentence: string, accounts: readonly number[] = [], seconds = 0, of: Subject = about) =>
    effects.push({ subject: of, sentence, accounts, seconds, destroys: false });

  if (unknown !== undefined) say(`Cannot show everything that changes on ${host}: ${unknown}.`, residents());
  if (redelivered === "again") {
    const why = `the last delivery failed, a repair is due, or the way to reach the ${about.kind} changed`;
    say(`Delivers to ${host} again (${why}): repairs what is missing; everything else is unchanged.`);
  }
  if (redelivered === "anew") {
    const other = isRouter ? "the router is" : "the host or its master secret is";
    const why = `the program renders differently, or ${other} a different one`;
    say(`Delivers to ${host} again, whole; any of its files may change: ${why}.`, residents());
  }
  if (applier) say(`Installs another applier on ${host}${isRouter ? "" : ", without effect on accounts"}.`);
  if (packages) say(`Installs ${packages.join(", ")} on ${host}, which nothing there has used before.`);
  const own = groups.find(({ group }) => group === "host")?.files ?? [];
  if (own.length > 0) say(`Rewrites ${count(own.length, "file")} of ${host} itself: ${pathsOf(own)}.`, residents());
  // The host's own files may concern everybody, those of accounts concern these alone.
  const concerned = (folder: string) => (own.some(({ path }) => path.startsWith(`${folder}/`)) ? residents() : []);
  for (const { folder, paths } of hooks.load) {
    const { takesEffect } = bundleFolders.find(({ name }) => name === folder)!;
    if (takesEffect.by === "load") say(takesEffect.says(host, paths), concerned(folder));
  }
  const inFolders = Map.groupBy(
    groups.flatMap(({ files }) => files.map(({ path }) => path)),
    (path) => path.slice(0, path.indexOf("/")),
  );
  for (const { name, takesEffect } of bundleFolders) {
    if (takesEffect.by !== "reload" || !hooks.reload.includes(takesEffect.unit)) continue;
    const inside = inFolders.get(name);
    if (inside) say(takesEffect.says(host, inside), concerned(name));
  }
  const ofHost = (unit: string) => accountOfUnit(unit) === undefined;
  for (const unit of hooks.restart.filter(ofHost)) {
    const unnoticed = bundleFolders.flatMap(({ takesEffect }) =>
      takesEffect.by === "restart" && takesEffect.unnoticed?.unit === unit ? [takesEffect.unnoticed] : [],
    );
    if (unnoticed[0]) say(unnoticed[0].says(host, []));
    else {
      say(`Restarts ${unit} on ${host}, about ${serviceRestartSeconds} s.`, residents(), serviceRestartSeconds);
    }
  }

  // Per account and kind: what has units stops, and is started again by what wakes it.
  const stopping = Map.groupBy(
    [...hooks.stopChanged, ...hooks.restart.filter((unit) => !ofHost(unit))],
    (unit) => accountOfUnit(unit) ?? 0,
  );
  for (const [account, units] of stopping) {
    if (account === 0) continue;
    const name = stopped(context)(({ names }) => names.get(account));
    const services = new Set(units.map((unit) => unit.slice(0, unit.lastIndexOf("."))));
    const kindOf = (unit: string) => stopped(context)(({ kinds }) => kinds.get(unit));
    for (const [kind, { length: size }] of Map.groupBy(services, kindOf)) {
      const what = count(size, ...(kind?.words ?? (["unit", "units"] as const)));
      const again = kind?.wokenBy === undefined ? "" : `; ${kind.wokenBy} starts ${size === 1 ? "it" : "them"}`;
      say(
        `Stops ${what} of account ${account}${name === undefined ? "" : ` (${name})`} for about ${serverRestartSeconds} s${again}.`,
        [account],
        serverRestartSeconds,
        subject.account({ number: account }),
      );
    }
  }
  return effects;
}

/** Names of accounts, and kinds by the names of their units without suffix: of those whose units stop, since most changes stop few. */
const stopped = once(({ hosts, before, after }: Context) => {
  const units = hosts.flatMap(({ hooks }) => [...hooks.stopChanged, ...hooks.restart]);
  const accounts = new Set(units.map(accountOfUnit));
  const sides = [after, before].map(({ declaration }) =>
    lazy(() => ({
      names: new Map(
        declaration.accounts.flatMap(({ number, name }) => (accounts.has(number) ? [[number, name] as const] : [])),
      ),
      kinds: new Map(
        (allKinds as readonly Kind[]).flatMap((kind) => {
          if (!kind.accountOf) return [];
          const own = (declaration[kind.key] as readonly Element[]).filter((each) =>
            accounts.has(kind.accountOf!(each)),
          );
          return own.map((element) => [kind.resourceName(element), kind] as const);
        }),
      ),
    })),
  );
  /** What the new side says, or else the old one. */
  return <T>(look: (side: { names: ReadonlyMap<number, string>; kinds: ReadonlyMap<string, Kind> }) => T | undefined) =>
    look(sides[0]!()) ?? look(sides[1]!());
});

function pathsOf(files: HostChange["groups"][number]["files"]): string {
  const shown = files.slice(0, 3).map(({ path }) => path);
  return files.length > 3 ? `${shown.join(", ")} and ${files.length - 3} more` : shown.join(", ");
}
