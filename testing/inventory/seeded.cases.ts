import { globSync } from "node:fs";
import { join } from "node:path";
import { engraver, ferry, network, web1 } from "./example-files.ts";
import type { Draft } from "./wrong-inventory.cases.ts";

/** The day that seeds are judged at. */
export const seededToday = "2026-11-22";

/** A change to a copy of the example fleet, and the rules that must object: these, and no other. */
export interface Seed {
  readonly rules: readonly string[];
  readonly edit: (draft: Draft) => unknown;
}

/** Seeds that are about no single concept. */
const common: Readonly<Record<string, Seed>> = {
  // Things that must not get lost
  "an account's file lost": { rules: ["nothing-vanishes"], edit: (draft) => draft.remove(ferry) },
  "an account's number changed": {
    rules: ["nothing-vanishes"],
    edit: (draft) => draft.edit(engraver, "number: 1013", "number: 1016"),
  },
  "a host's file lost": { rules: ["nothing-vanishes"], edit: (draft) => draft.remove("hosts/par2-spare1.yaml") },
  "an owned range lost": {
    rules: ["nothing-vanishes"],
    edit: (draft) => draft.edit(network, "  - 188.72.70.0/24\n", ""),
  },

  // Waivers
  "a waiver that ended yesterday": {
    rules: ["hot-swap-ssds", "waivers-in-force"],
    edit: (draft) =>
      draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: "2026-11-21" })),
  },
  "a waiver for 91 days": {
    rules: ["waivers-in-force"],
    edit: (draft) =>
      draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: "2027-02-21" })),
  },
  "a waiver that matches nothing": {
    rules: ["waivers-needed"],
    edit: (draft) => draft.write("waivers.yaml", waiver({})),
  },
  "a waiver for another disk": {
    rules: ["hot-swap-ssds", "waivers-needed"],
    edit: (draft) => draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ path: "disks.1" })),
  },
  "a waiver for another host": {
    rules: ["hot-swap-ssds", "waivers-needed"],
    edit: (draft) =>
      draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ resource: "host par1-web2" })),
  },
  "a waiver of an unknown rule": {
    rules: ["waivers-in-force", "waivers-needed"],
    edit: (draft) => draft.write("waivers.yaml", waiver({ rule: "hot-swap-hdds" })),
  },
  "a waiver of a rule that cannot be waived": {
    rules: ["plans-promise-the-basics", "waivers-in-force", "waivers-needed"],
    edit: (draft) =>
      draft
        .edit("plans/small.yaml", ", operator]", "]")
        .write("waivers.yaml", waiver({ rule: "plans-promise-the-basics", resource: "plan small" })),
  },
};

const checkout = join(import.meta.dirname, "../..");
/** Seeds that a concept brings along, in a `seeded.cases.ts` of its own. */
const brought = await Promise.all(
  globSync("components/*/seeded.cases.ts", { cwd: checkout })
    .sort()
    .map(async (file) => ((await import(join(checkout, file))) as { readonly seeds: typeof common }).seeds),
);

/** Every one loads: what is wrong with it is for the rules to find. What they say is in the golden file. */
export const seeds: typeof common = Object.assign({}, common, ...brought);

const all = [common, ...brought].flatMap((each) => Object.keys(each));
const twice = all.filter((name, index) => all.indexOf(name) !== index);
if (twice.length > 0) throw new Error(`Two seeds have the same name, so one is lost; rename one: ${twice.join(", ")}`);

/** Changes that are all right: no rule may object to any of these. */
export const soundChanges: Readonly<Record<string, Seed["edit"]>> = {
  none: (draft) => draft,
  "a waiver on its last day": (draft) =>
    draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: seededToday })),
  "a waiver for 90 days": (draft) =>
    draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: "2027-02-20" })),
  "an account deleted on purpose": (draft) =>
    draft.remove(ferry).append("tombstones.yaml", "- {number: 1014, name: ferry, deleted: 2026-11-22}\n"),
  "a host retired on purpose": (draft) =>
    draft
      .remove("hosts/par2-spare1.yaml")
      .write("retired.yaml", "- {kind: host, name: par2-spare1, retired: 2026-11-22}\n"),
  "a new account": (draft) =>
    draft.copy(
      ferry,
      "accounts/1015-garage.yaml",
      ["number: 1014", "number: 1015"],
      ["name: ferry", "name: garage"],
      ["ferry.example.org", "garage.example.org"],
    ),
  "an account moved to another host": (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-web1"),
  "feeds that are counted by letters": (draft) =>
    draft
      .replaceAll("sites/par1.yaml", "feed: feed-north", "feed: feed-a")
      .replaceAll("sites/par1.yaml", "feed: feed-south", "feed: feed-b"),
  "a fifth operator": (draft) =>
    draft.edit(
      network,
      "routers:\n  - name: par1-router-1",
      "  - {name: transit-5, asNumber: 64500, routers: [par1-router-1]}\nrouters:\n  - name: par1-router-1",
    ),
};

function waiver(change: { rule?: string; resource?: string; path?: string; expires?: string }): string {
  const entry = {
    rule: "hot-swap-ssds",
    resource: "host par1-web1",
    owner: "Ada",
    reason: "until the new disk is here",
    expires: "2026-12-22",
    ...change,
  };
  return `- {${Object.entries(entry)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")}}\n`;
}
