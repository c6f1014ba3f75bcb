import { type Review, type ReviewInput, review } from "../verdict/review.ts";
import { levels, type Weighed } from "../verdict/weigh.ts";
import { checkout, type History } from "./base/base.ts";
import { checkOut, commitOf, commitsIn } from "./base/git.ts";
import { type Program, programAt } from "./base/program.ts";

type Found = NonNullable<ReviewInput["also"]>[number];

/** Where rules are; not everything there is one. */
const places = ["guard/rules/*.ts", "policies/**/*.ts", "components/**/rules/*.ts"].map((each) => `:(glob)${each}`);

interface Asked {
  readonly input: ReviewInput;
  /** What today's rules say. */
  readonly result: Review;
  /** Directory of the new side's fleet. */
  readonly head: string;
  /** First day that counts; ISO 8601. */
  readonly since: string;
  /** Says a commit of the program. */
  readonly say: (commit: string, places: readonly string[]) => Promise<string>;
}

/**
 * What a rule would have said before it was weakened: one change empties it, the next uses that. Asks an old program since a day that
 * can read the fleet, and says with each finding the change before which it would have been found. A program that cannot read the fleet has
 * another form of it, and nothing is compared. Only the history of this checkout is run, up to the program that judges. Costs nothing if no
 * rule was changed since, else one program; some more if it finds something.
 */
export async function weakerRules(history: History, { input, result, head, since, say }: Asked): Promise<Found[]> {
  const judging = history.root === checkout ? history.commit : await commitOf(checkout, "HEAD").catch(() => undefined);
  if (judging === undefined) return [];
  const commits = await commitsIn(checkout, judging, since, places);
  const asked = new Map<number, Promise<Map<string, Weighed> | undefined>>();
  const before = (index: number) => {
    if (!asked.has(index)) asked.set(index, foundBefore(commits[index]!, head, input));
    return asked.get(index)!;
  };
  const now = worst(result.findings);
  // The oldest that reads the fleet is the best; each that does not halves what is left.
  for (let left = commits.length; left > 0; left >>= 1) {
    const first = commits.length - left;
    const then = await before(first);
    if (then === undefined) continue;
    // A finding about several things is said once.
    const gone = new Map(
      [...then].filter(([key, finding]) => rank(finding) > rank(now.get(key))).map(([key, finding]) => [finding, key]),
    );
    const found: Found[] = [];
    for (const [{ level: _, ...finding }, key] of gone) {
      let [low, high] = [first, commits.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (rank((await before(middle))?.get(key)) > rank(now.get(key))) low = middle;
        else high = middle;
      }
      const by = await say(commits[low]!, places);
      found.push({
        ...finding,
        approval: finding.approval ?? { action: "weaken", resource: `rule ${finding.rule}` },
        message: `${finding.message.replace(/\.$/, "")}: rule ${finding.rule} said so before ${by}.`,
      });
    }
    return found;
  }
  return [];
}

/** What the program before a commit finds, the worst of each subject; undefined if it cannot judge this fleet. */
async function foundBefore(
  commit: string,
  head: string,
  input: ReviewInput,
): Promise<Map<string, Weighed> | undefined> {
  await using files = (await checkOut(checkout, `${commit}^`, checkout).catch(() => undefined)) ?? nothing;
  if (files.directory === "") return undefined;
  try {
    const program = await programAt(files.directory);
    await program.loadFleet(head);
    return worst(reviewBy(program, input).findings);
  } catch {
    return undefined;
  }
}

const nothing = { directory: "", async [Symbol.asyncDispose]() {} };

/** A review by the rules of another program alone: what hosts get is rendered by the one that judges. */
function reviewBy(program: Program, { before, after, also: _, ...rest }: ReviewInput): Review {
  const by = (side: ReviewInput["before"]) => ({ ...side, judge: program.judge, rules: program.rules });
  return (program.review ?? review)({ ...rest, before: by(before), after: by(after), approvals: [] });
}

const keyOf = ({ rule, subject: { kind, name } }: Weighed) => `${rule} ${kind} ${name}`;

function worst(findings: readonly Weighed[]): Map<string, Weighed> {
  const found = new Map<string, Weighed>();
  for (const finding of findings) {
    for (const about of [finding.subject, ...(finding.alsoOf ?? [])]) {
      const key = keyOf({ ...finding, subject: about });
      if (rank(finding) > rank(found.get(key))) found.set(key, finding);
    }
  }
  return found;
}

/** How bad it is; what is not found is less than all that is. */
function rank(finding: Pick<Weighed, "level"> | undefined): number {
  return finding === undefined ? 0 : levels.indexOf(finding.level);
}
