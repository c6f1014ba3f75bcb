import { join } from "node:path";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { subject } from "../../../components/registry/subject.ts";
import { readSource } from "../../../fleet/load/source.ts";
import type { ReviewInput } from "../../verdict/review.ts";
import type { History } from "../base/base.ts";
import { textAt } from "../base/git.ts";
import { linesRemoved } from "../base/history.ts";

type Found = NonNullable<ReviewInput["also"]>[number];

/**
 * Numbers that a commit gave free for this change: they are taken for ever, however long ago that was, and however the entry was written.
 * @param say says a commit, with who wrote it
 */
export async function reused(
  { root, commit, place }: History,
  wholes: Record<"before" | "after", Declaration>,
  say: (of: string) => Promise<string>,
): Promise<Found[]> {
  const before = new Set(wholes.before.accounts.map(({ number }) => number));
  const created = wholes.after.accounts.filter(({ number }) => !before.has(number));
  if (created.length === 0) return [];
  const file = join(place, "tombstones.yaml");
  // YAML has many ways to write a key, and one to write a number.
  const commitsOf = new Map<number, string[]>();
  for (const { commit: by, line } of await linesRemoved(root, commit, file))
    for (const [digits] of line.matchAll(/(?<![\w-])\d+(?![\w-])/g))
      commitsOf.set(Number(digits), [...(commitsOf.get(Number(digits)) ?? []), by]);
  /** Undefined if what it said then cannot be read any more. */
  const wasTaken = async (number: number, of: string) => {
    const { data } = readSource(file, (await textAt(root, of, file)) ?? "[]").source;
    return Array.isArray(data) ? data.some((each: { number?: unknown } | null) => each?.number === number) : undefined;
  };
  const findings: Found[] = [];
  for (const account of created) {
    for (const by of commitsOf.get(account.number) ?? []) {
      if ((await wasTaken(account.number, `${by}^`)) === false || (await wasTaken(account.number, by))) continue;
      const message = `Gives account ${account.number} (${account.name}) the number of a deleted account, which was a tombstone before ${await say(by)}.`;
      findings.push({ rule: "identity-kept", subject: subject.account(account), message });
      break;
    }
  }
  return findings;
}
