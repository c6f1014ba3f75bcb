import type { Problem } from "../load/problem.ts";
import { type Entries, items, known, names, placed, unique } from "./references.ts";

/** Checks of `waivers.yaml`: what a waiver is for must be there. Whether it is in force and needed is for the rules to say. */
export function checkWaivers(entries: Entries): Problem[] {
  const { waivers, network, accounts } = entries;
  if (waivers === undefined) return [];
  const { source } = waivers;
  const devices = (list: "routers" | "switches") =>
    new Set(items(network?.loose[list]).flatMap(([, { name }]) => name ?? []));
  const there: Readonly<Record<string, ReadonlySet<string>>> = {
    site: names(entries.sites),
    network: new Set(network?.loose.asNumber === undefined ? [] : [String(network.loose.asNumber)]),
    router: devices("routers"),
    switch: devices("switches"),
    host: names(entries.hosts),
    plan: names(entries.plans),
    account: new Set(accounts.flatMap(({ loose }) => (loose.number === undefined ? [] : [String(loose.number)]))),
    httpServer: new Set(
      accounts.flatMap(({ loose }) => items(loose.httpServers).map(([, { name }]) => `${loose.number}/${name}`)),
    ),
  };
  const list = items(Array.isArray(waivers.loose) ? waivers.loose : []);
  return [
    ...list.flatMap(([index, { resource = "" }]) => {
      const [kind = "", name = ""] = resource.split(" ");
      const here = placed(source, [index, "resource"], name);
      return here.flatMap((one) => (there[kind] === undefined ? [] : known(one, kind, there[kind])));
    }),
    ...unique(
      list.flatMap(([index, { rule, resource, path = "" }]) =>
        placed(source, [index, "rule"], rule && resource && `${rule} for ${resource} ${path}`.trimEnd()),
      ),
      "the waiver of",
      "keep one of them",
    ),
  ];
}

/** Checks of `approvals.yaml`. What an approval is for may be gone by now: that is what most are for. */
export function checkApprovals({ approvals }: Entries): Problem[] {
  if (approvals === undefined) return [];
  return unique(
    items(Array.isArray(approvals.loose) ? approvals.loose : []).flatMap(([index, { action, resource }]) =>
      placed(approvals.source, [index, "action"], action && resource && `to ${action} ${resource}`),
    ),
    "the approval",
    "keep one of them",
  );
}
