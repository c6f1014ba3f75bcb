import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { reviewInventories } from "../guard/change/from-inventories.ts";
import type { Outcome } from "../guard/verdict/outcome.ts";

const prod = fileURLToPath(new URL("../inventory/prod", import.meta.url));

/** Files of a fleet by their place in it: their new text, what is replaced in them, or `undefined` for a file that goes. */
export type Edits = Readonly<
  Record<string, string | readonly (readonly [from: string | RegExp, to: string])[] | undefined>
>;

/** Changes files of a fleet. */
export async function edit(directory: string, edits: Edits): Promise<void> {
  for (const [name, change] of Object.entries(edits)) {
    const file = join(directory, name);
    if (change === undefined) await rm(file);
    else if (typeof change === "string") await writeFile(file, change);
    else {
      const text = change.reduce(
        (old, [from, to]) => {
          const next = old.replaceAll(from instanceof RegExp ? new RegExp(from, "g") : from, to);
          if (next === old) throw new Error(`${name} has no ${from}`);
          return next;
        },
        await readFile(file, "utf8"),
      );
      await writeFile(file, text);
    }
  }
}

/** Reviews a change of the example fleet. @param before what its old side differs in from the fleet that is here */
export async function reviewOf(edits: Edits, before: Edits = {}, today = "2026-11-24"): Promise<Outcome> {
  const scratch = await mkdtemp(join(tmpdir(), "fairhost-review-"));
  const [base, head] = [join(scratch, "base"), join(scratch, "head")];
  try {
    await cp(prod, base, { recursive: true });
    await edit(base, before);
    await cp(base, head, { recursive: true });
    await edit(head, edits);
    const outcome = await reviewInventories({ base, inventory: head, today });
    // Named as where it came from, so that golden files hold anywhere.
    const named = { ...outcome, base: "main", inventory: "inventory/prod" };
    if (named.kind === "unsound") return named;
    const { where } = named;
    return { ...named, where: (subject) => where(subject)?.replace(head, "inventory/prod") };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** An account of the old side that may be deleted. */
export const unprotected: Edits = { "accounts/1002-choir.yaml": [["plan: small", "plan: small\nprotect: false"]] };

/**
 * A diff with something of everything: a deletion that is approved, a move and a disk swap that are not, a promise that is broken,
 * a host on one chain, a waiver, a server that stops for a moment, an approval that nothing asks for.
 */
export const everything: Edits = {
  "accounts/1001-bakery.yaml": [["host: par1-web1", "host: par1-web2"]],
  "accounts/1002-choir.yaml": undefined,
  "tombstones.yaml": [[/$/, "- number: 1002\n  name: choir\n  deleted: 2026-11-24\n"]],
  "accounts/1005-observatory.yaml": [["[bin/archive, --quiet]", "[bin/archive, --quiet, --token=geheim]"]],
  "hosts/par1-web2.yaml": [["chain: b", "chain: a"]],
  "hosts/par2-web1.yaml": [["EXAMPLE-PAR2-WEB1-1", "EXAMPLE-PAR2-WEB1-2"]],
  "hosts/par2-web4.yaml": [[/hotSwap: true\nmirrors/, "hotSwap: false\nmirrors"]],
  "plans/medium.yaml": [["retentionDays: 20", "retentionDays: 7"]],
  "waivers.yaml": `- rule: hot-swap-ssds
  resource: host par2-web4
  owner: Jo Example
  reason: The replacement is ordered and comes in December.
  expires: 2026-12-20
`,
  "approvals.yaml": `- action: delete
  resource: account 1002
  approvedBy: Kim Example
  reason: The choir has ended its contract.
  expires: 2026-12-01
- action: delete
  resource: host par1-web9
  approvedBy: Kim Example
  reason: Left over from the last change.
  expires: 2026-12-01
`,
};
