import { join } from "node:path";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import type { Review, ReviewInput } from "../../verdict/review.ts";
import type { Weighed } from "../../verdict/weigh.ts";
import type { History } from "../base/base.ts";
import { lastToTouch } from "../base/history.ts";

interface Leaning extends Pick<ReviewInput, "before" | "today"> {
  /** Both sides with every cell. */
  readonly wholes: { readonly before: Declaration };
  readonly result: Review;
}

/** What a rule finds of one element, whatever it says of it. */
export const keyOf = ({ rule, subject: { kind, name } }: Pick<Weighed, "rule" | "subject">) =>
  `${rule} ${kind} ${name}`;

/** The same, with the approval that it needs: one element can need several, and one of them covers no other. */
export const wantedOf = ({ approval, ...finding }: Pick<Weighed, "rule" | "subject" | "approval">) =>
  `${keyOf(finding)} ${approval === undefined ? "" : `${approval.action} ${approval.resource}`}`;

/** Waivers from before this change on which it leans. */
export async function leant(
  { root, commit, place }: History,
  { wholes, before, result, today }: Leaning,
  say: (of: string) => Promise<string>,
): Promise<string[]> {
  const quoted = (text: string) => text.replaceAll(/[^\w -]/g, "\\$&");
  const notices: string[] = [];
  const lean = async (file: string, what: string, pattern: string) => {
    const by = await lastToTouch(root, commit, pattern, join(place, file));
    if (by !== undefined) notices.push(`${what} was there before this change, since ${await say(by)}.`);
  };
  if (result.policies.waived.length === 0) return notices;
  const known = new Set(
    before
      .judge(wholes.before, today)
      .waived.map(({ violation: { rule, subject: of } }) => keyOf({ rule, subject: of })),
  );
  for (const {
    violation: { rule, subject: of },
  } of result.policies.waived) {
    if (known.has(keyOf({ rule, subject: of }))) continue;
    await lean(
      "waivers.yaml",
      `The waiver of rule ${rule} for ${of.kind} ${of.name}, which this change uses,`,
      `resource: *["']?${of.kind} ${quoted(of.name)}\\b`,
    );
  }
  return notices;
}
