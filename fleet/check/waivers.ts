import { retiredName } from "../../components/register/retired-name.ts";
import type { LooseFiles } from "../../components/registry/kind.ts";
import { kindNamed } from "../../components/registry/subject.ts";
import type { Problem } from "../load/problem.ts";
import { type Entries, items, known, placed, unique } from "./references.ts";

/** Checks `waivers.yaml`: the resource of every waiver must exist. Rules check whether a waiver is in force and needed. */
export function checkWaivers(entries: Entries): Problem[] {
  const {
    waivers: [waivers],
  } = entries;
  if (waivers === undefined) return [];
  const { source } = waivers;
  const files = looseFiles(entries);
  const names = new Map<string, ReadonlySet<string>>();
  const namesOf = (kind: string) => {
    const found = names.get(kind) ?? new Set(kindNamed(kind)?.names?.(files));
    names.set(kind, found);
    return found;
  };
  const list = items(Array.isArray(waivers.loose) ? waivers.loose : []);
  return [
    ...list.flatMap(([index, { resource }]) => {
      // What is missing or no name at all was reported by the schema.
      if (resource === undefined) return [];
      const [kind = "", name = ""] = resource.split(" ");
      const here = placed(source, [index, "resource"], name);
      return here.flatMap((one) => known(one, kind, namesOf(kind)));
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

/** The files as kinds look into them for the names of what is there. */
export function looseFiles(entries: Entries): LooseFiles {
  return {
    all: (key) => entries[key].map(({ source: { file }, loose }) => ({ file, loose: loose as never })),
  };
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

/** Checks `retired.yaml`: what is listed twice was retired on one day alone. */
export function checkRetired({ retired: [retired] }: Entries): Problem[] {
  if (retired === undefined) return [];
  const { source } = retired;
  return unique(
    items(Array.isArray(retired.loose) ? retired.loose : []).flatMap(([index, { kind, name }]) =>
      placed(source, [index, "name"], kind && name && retiredName({ kind, name })),
    ),
    "the retired",
    "keep the entry with the right day",
  );
}
