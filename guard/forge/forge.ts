import { UserError } from "../../lib/user-error.ts";
import { markerOf } from "../report/markdown.ts";
import { ForgeError } from "./client.ts";

/** One comment on a pull or merge request. */
export interface ForgeComment {
  readonly id: number;
  readonly body: string;
}

/** Operations of a forge on one pull or merge request. */
export interface Forge {
  /** Comments by the token's owner, oldest first. Comments of others are never rewritten. */
  ownComments(): AsyncIterable<ForgeComment>;
  create(body: string): Promise<void>;
  update(id: number, body: string): Promise<void>;
}

const tries = 3;

/**
 * Makes `body` the only comment that begins with its first line. If a creation may have happened, the comment is looked for before it is
 * created again, so that there are never two.
 */
export async function comment(forge: Forge, body: string): Promise<"created" | "updated" | "unchanged"> {
  const [marker] = body.split("\n", 1) as [string];
  if (!/^<!-- fairhost-guard: .+ -->$/.test(marker)) {
    throw new UserError(
      "the comment does not begin with the guard's marker line, so later runs would not find it: write it with `guard review --markdown`",
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
 * Withdraws comments of earlier runs on cells that the change no longer touches, so that no outdated verdict stays.
 * @param cells cells that the change touches
 * @returns number of withdrawn comments
 */
export async function withdrawComments(forge: Forge, inventory: string, cells: readonly string[]): Promise<number> {
  // A comment on the whole fleet belongs to another pipeline.
  const kept = new Set([markerOf({ inventory }), ...cells.map((cell) => markerOf({ inventory, cell }))]);
  const ofFleet = markerOf({ inventory }).replace(/-->$/, "");
  let withdrawn = 0;
  for await (const { id, body: old } of forge.ownComments()) {
    const [first] = old.split(/\r?\n/, 1) as [string];
    if (!first.startsWith(ofFleet) || kept.has(first)) continue;
    const body = `${first}\n\n### Nothing to review\n\nThis change no longer touches this cell.\n`;
    if (old.trim() === body.trim()) continue;
    await forge.update(id, body);
    withdrawn++;
  }
  return withdrawn;
}
