import { join } from "node:path";
import { fieldChanges } from "../../../components/registry/fields/field-changes.ts";
import { type Limits, schema as limitsSchema } from "../../../components/review/limits.file.ts";
import { readSource } from "../../../fleet/load/source.ts";
import { review } from "../../verdict/review.ts";
import type { History } from "../base/base.ts";
import { textAt } from "../base/git.ts";
import { commitsIn } from "../base/history.ts";
import { rank, worst } from "./joint.ts";
import { keyOf } from "./leant-waivers.ts";
import { type Found, most, type Step, said } from "./step.ts";
import { stricterLimits } from "./stricter-limits.ts";

/** What this change would be blocked for with limits that were loosened before. */
export async function overLimits(
  { root, commit, place }: History,
  since: string,
  { before, after, result, today }: Step,
  say: (of: string) => Promise<string>,
): Promise<Found[]> {
  const file = join(place, "limits.yaml");
  const has = worst(result.findings);
  const found = new Map<string, Found>();
  const limitsAt = async (of: string) =>
    limitsSchema.safeParse(readSource(file, (await textAt(root, of, file)) ?? "{}").source.data).data;
  const loosened: { by: string; limits: Limits }[] = [];
  for (const by of (await commitsIn(root, commit, since, [file])).reverse()) {
    const [was, is] = await Promise.all([limitsAt(`${by}^`), limitsAt(by)]);
    const weaker = was && is ? fieldChanges(limitsSchema, was, is).filter((each) => each.weaker) : [];
    if (!was || (is && weaker.length === 0)) continue;
    const last = loosened.at(-1);
    if (loosened.length < most || !last) loosened.push({ by, limits: was });
    // Older ones together: whoever loosens limits often hides none of it.
    else last.limits = stricterLimits(last.limits, was);
  }
  for (const { by, limits } of loosened) {
    for (const { level, ...finding } of review({ before, after, approvals: [], limits, today }).findings) {
      if (level !== "blocked" || has.get(keyOf(finding)) === rank({ level }) || found.has(keyOf(finding))) continue;
      const approval = { action: "weaken", resource: "limits deployment" } as const;
      found.set(keyOf(finding), said({ ...finding, approval }, await say(by)));
    }
  }
  return [...found.values()];
}
