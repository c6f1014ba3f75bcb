import { join } from "node:path";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { subject } from "../../../components/registry/subject.ts";
import { readSource } from "../../../fleet/load/source.ts";
import type { ReviewInput } from "../../verdict/review.ts";
import type { History } from "../base/base.ts";
import { textsAt } from "../base/git.ts";
import { git, namesOf } from "../base/run-git.ts";

type Found = NonNullable<ReviewInput["also"]>[number];

/** Numbers of new accounts that the base has given to others since the branch parted from it: it is compared with where they parted. */
export async function takenMeanwhile(
  { root, commit, given, place }: History,
  wholes: Record<"before" | "after", Declaration>,
): Promise<Found[]> {
  if (commit === given) return [];
  const before = new Set(wholes.before.accounts.map(({ number }) => number));
  const created = wholes.after.accounts.filter(({ number }) => !before.has(number));
  if (created.length === 0) return [];
  const tombstones = join(place, "tombstones.yaml");
  const names = await git(root, [
    "diff",
    "--name-only",
    "--no-renames",
    "--relative",
    "-z",
    commit,
    given,
    "--",
    join(place, "accounts"),
    tombstones,
  ]);
  const taken = new Map<unknown, { readonly name: unknown; readonly isDeleted: boolean }>();
  for (const [file, text] of await textsAt(root, given, namesOf(names))) {
    const { data } = readSource(file, text).source;
    for (const each of (Array.isArray(data) ? data : [data]) as ({ number?: unknown; name?: unknown } | null)[])
      if (each?.number !== undefined) taken.set(each.number, { name: each.name, isDeleted: file === tombstones });
  }
  return created.flatMap((account) => {
    const { name, isDeleted } = taken.get(account.number) ?? {};
    // The same account may have come to both; a deleted one's number is taken for ever.
    if (isDeleted === undefined || (name === account.name && !isDeleted)) return [];
    return {
      rule: "identity-kept",
      subject: subject.account(account),
      message: `Gives account ${account.number} (${account.name}) a number that the base has given to ${name}${isDeleted ? ", which is deleted," : ""} since this branch parted from it: rebase, and take the next free number.`,
    };
  });
}
