import { UserError } from "../../lib/user-error.ts";
import { markerOf } from "../report/markdown.ts";
import { ForgeError } from "./client.ts";

/** One comment on a pull or merge request. */
export interface ForgeComment {
  readonly id: number;
  readonly body: string;
}

/** What the guard needs of a forge, for one pull or merge request. */
export interface Forge {
  /** The comments that this token's owner wrote, oldest first: nobody else's is ever rewritten. */
  ownComments(): AsyncIterable<ForgeComment>;
  create(body: string): Promise<void>;
  update(id: number, body: string): Promise<void>;
}

const tries = 3;

/**
 * Makes `body` the one comment that begins with its own first line. A creation that may or may not have happened is looked for
 * before it is tried again, so that there are never two.
 */
export async function comment(forge: Forge, body: string): Promise<"created" | "updated" | "unchanged"> {
  const [marker] = body.split("\n", 1) as [string];
  if (!/^<!-- fairhost-guard: .+ -->$/.test(marker)) {
    throw new UserError(
      "the comment does not begin with the guard's own line, so no later run would find it: write it with `guard review --markdown`",
    );
  }
  for (let attempt = 1; ; attempt++) {
    for await (const { id, body: old } of forge.ownComments()) {
      if (old.split(/\r?\n/, 1)[0] !== marker) continue;
      if (old.trim() === body.trim()) return "unchanged";
      await forge.update(id, body);
      return "updated";
    }
    try {
      await forge.create(body);
      return "created";
    } catch (error) {
      if (!(error instanceof ForgeError && error.uncertain) || attempt === tries) throw error;
    }
  }
}

/**
 * Rewrites what an earlier run has said of cells that the change touches no longer: an old verdict must not stay as if it were this run's.
 * @param cells those that it touches
 * @returns how many comments
 */
export async function withdrawComments(forge: Forge, inventory: string, cells: readonly string[]): Promise<number> {
  // A comment on the fleet as a whole is another pipeline's.
  const kept = new Set([markerOf({ inventory }), ...cells.map((cell) => markerOf({ inventory, cell }))]);
  const ofFleet = markerOf({ inventory }).replace(/-->$/, "");
  let withdrawn = 0;
  for await (const { id, body: old } of forge.ownComments()) {
    const [first] = old.split(/\r?\n/, 1) as [string];
    if (!first.startsWith(ofFleet) || kept.has(first)) continue;
    const body = `${first}\n\n### Nothing to review\n\nAs it is now, this change does not touch this cell.\n`;
    if (old.trim() === body.trim()) continue;
    await forge.update(id, body);
    withdrawn++;
  }
  return withdrawn;
}
