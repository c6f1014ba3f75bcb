import type { accountEntries } from "../../components/account/entries.generated.ts";
import type { Problem } from "../load/problem.ts";
import { accountKinds } from "./accounts.ts";
import { type Entries, items, known, names, placed, unique } from "./references.ts";

/** Checks `waivers.yaml`: the resource of every waiver must exist. Rules check whether a waiver is in force and needed. */
export function checkWaivers(entries: Entries): Problem[] {
  const {
    waivers: [waivers],
    network: [network],
    accounts,
  } = entries;
  if (waivers === undefined) return [];
  const { source } = waivers;
  const devices = (list: "routers" | "switches") =>
    new Set(items(network?.loose[list]).flatMap(([, { name }]) => name ?? []));
  const inAccounts = (key: keyof typeof accountEntries) =>
    new Set(accounts.flatMap(({ loose }) => items(loose[key]).map(([, { name }]) => `${loose.number}/${name}`)));
  const there = new Map<string, () => ReadonlySet<string>>([
    ["site", () => names(entries.sites)],
    ["network", () => new Set(network?.loose.asNumber === undefined ? [] : [String(network.loose.asNumber)])],
    ["router", () => devices("routers")],
    ["switch", () => devices("switches")],
    ["host", () => names(entries.hosts)],
    ["plan", () => names(entries.plans)],
    [
      "account",
      () => new Set(accounts.flatMap(({ loose }) => (loose.number === undefined ? [] : [String(loose.number)]))),
    ],
    ...accountKinds.map(({ key, name }) => [name, () => inAccounts(key)] as const),
  ]);
  const list = items(Array.isArray(waivers.loose) ? waivers.loose : []);
  return [
    ...list.flatMap(([index, { resource = "" }]) => {
      const [kind = "", name = ""] = resource.split(" ");
      const here = placed(source, [index, "resource"], name);
      const find = there.get(kind);
      return find === undefined ? [] : here.flatMap((one) => known(one, kind, find()));
    }),
    ...unique(
      list.flatMap(([index, { rule, resource, path = "" }]) =>
        placed(source, [index, "rule"], rule && resource && `${rule} for ${resource} ${path}`.trimEnd()),
      ),
      "the waiver",
      "keep one of them",
    ),
  ];
}

/** Checks `approvals.yaml`. The resource of an approval may be gone: most approvals are for deletions. */
export function checkApprovals({ approvals: [approvals] }: Entries): Problem[] {
  if (approvals === undefined) return [];
  return unique(
    items(Array.isArray(approvals.loose) ? approvals.loose : []).flatMap(([index, { action, resource }]) =>
      placed(approvals.source, [index, "action"], action && resource && `to ${action} ${resource}`),
    ),
    "the approval",
    "keep one of them",
  );
}
