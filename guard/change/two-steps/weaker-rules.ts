import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import type { Subject } from "../../../components/registry/subject.ts";
import { onceByName } from "../../../lib/once.ts";
import { type Review, type ReviewInput, review } from "../../verdict/review.ts";
import { type Level, levels } from "../../verdict/weigh.ts";
import { checkout, type History } from "../base/base.ts";
import { checkOut, commitNamed, hasCommit, isInRepository } from "../base/git.ts";
import { commitsIn } from "../base/history.ts";
import { ownProgram, type Program, programAt } from "../base/program.ts";

type Found = NonNullable<ReviewInput["also"]>[number];

/** Where rules are; not everything there is one. */
const places = ["guard/rules/*.ts", "policies/**/*.ts", "components/**/rules/*.ts"].map((each) => `:(glob)${each}`);

interface Asked {
  readonly input: ReviewInput;
  /** Both sides with every cell: rules judge the whole fleet, because half a fleet has half of its redundancy. */
  readonly wholes: Record<"before" | "after", Declaration>;
  /** The base's. */
  readonly program: Program;
  /** What today's rules say, before approvals: one that is approved was not forgotten. */
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
export async function weakerRules(
  history: History,
  { input, wholes, program, result, head, since, say }: Asked,
): Promise<Found[]> {
  const judging = history.root === checkout ? history.commit : await commitOfProgram();
  if (judging === undefined) return [];
  const commits = await commitsIn(checkout, judging, since, places);
  const sayOnce = onceByName((commit) => say(commit, places));
  const asked = new Map<number, Promise<Map<string, Said> | undefined>>();
  const before = (index: number) => {
    if (!asked.has(index)) asked.set(index, foundBefore(commits[index]!, head, input, wholes));
    return asked.get(index)!;
  };
  // What the base's own program says is asked of this change already (rules-kept).
  const now = new Map([...saidIn(result), ...(program === ownProgram ? [] : (saidBy(program, input, wholes) ?? []))]);
  // The oldest that reads the fleet is the best; each that does not halves what is left.
  for (let left = commits.length; left > 0; left >>= 1) {
    const first = commits.length - left;
    const then = await before(first);
    if (then === undefined) continue;
    // A finding about several things is said once.
    const gone = new Map(
      [...then]
        .filter(([key, said]) => rank(said) > rankIn(now, key))
        .map(([key, said]) => [said.finding, { key, said }]),
    );
    const found: Found[] = [];
    for (const { key, said } of gone.values()) {
      let [low, high] = [first, commits.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (rankIn(await before(middle), key) > rankIn(now, key)) low = middle;
        else high = middle;
      }
      const by = await sayOnce(commits[low]!);
      const { finding } = said;
      found.push({
        ...finding,
        approval: finding.approval ?? { action: "weaken", resource: `rule ${said.by}` },
        message: `${finding.message.replace(/\.$/, "")}: rule ${said.by} said so before ${by}.`,
      });
    }
    return found;
  }
  return [];
}

/** The commit of this program; undefined if it was installed without git, or into a repository that has no commit. */
async function commitOfProgram(): Promise<string | undefined> {
  return isInRepository(checkout) ? commitNamed(checkout, "HEAD") : undefined;
}

/** What the program before a commit finds, the worst of each subject; undefined if it cannot judge this fleet. */
async function foundBefore(
  commit: string,
  head: string,
  input: ReviewInput,
  wholes: Asked["wholes"],
): Promise<Map<string, Said> | undefined> {
  if (!(await hasCommit(checkout, `${commit}^`))) return undefined;
  await using files = await checkOut(checkout, `${commit}^`, checkout, [""]);
  try {
    const program = await programAt(files.directory);
    await program.loadFleet(head);
    return saidBy(program, input, wholes);
  } catch {
    return undefined;
  }
}

/** Undefined if the program cannot judge what this one declares. */
function saidBy(...asked: Parameters<typeof reviewBy>): Map<string, Said> | undefined {
  try {
    return saidIn(reviewBy(...asked));
  } catch {
    return undefined;
  }
}

/**
 * A review by another program: its rules, about what hosts get from it. About files that only today's program writes its rules know nothing: they
 * would call each of them a stranger's, although nobody weakened a rule.
 */
function reviewBy(program: Program, { before, after, also: _, ...rest }: ReviewInput, wholes: Asked["wholes"]): Review {
  const by = (side: ReviewInput["before"], whole: Declaration) => ({
    ...side,
    render: program.render,
    judge: (__: Declaration, today: string) => program.judge(whole, today),
    rules: program.rules,
  });
  const sides = { before: by(before, wholes.before), after: by(after, wholes.after) };
  return (program.review ?? review)({ ...rest, ...sides, approvals: [] });
}

/** What a rule says, and how bad that is. */
interface Said {
  /** The guard rule; of what policies-hold reports, the policy: each was weakened for itself. */
  readonly by: string;
  readonly level: Level;
  readonly finding: Found;
}

const policies = "policies-hold";

/** What a review says, by rule, subject and approval that it needs; of each the worst. What needs none, or is of several, is by rule and subject. */
function saidIn({ findings, policies: { violations } }: Review): Map<string, Said> {
  const found = new Map<string, Said>();
  const add = (said: Said, { kind, name }: Subject, approval?: Found["approval"]) => {
    const key = `${said.by} ${kind} ${name}${approval ? `${between}${approval.action} ${approval.resource}` : ""}`;
    if (rank(said) > rank(found.get(key))) found.set(key, said);
  };
  for (const { level, ...finding } of findings) {
    if (finding.rule === policies) continue;
    const said = { by: finding.rule, level, finding };
    add(said, finding.subject, finding.approval);
    for (const about of finding.alsoOf ?? []) add(said, about);
  }
  for (const { rule, subject, message } of violations) {
    const finding = { rule: policies, subject, message: `${rule}: ${message}` };
    add({ by: rule, level: "blocked", finding }, subject);
  }
  return found;
}

/** Before the approval in a key; no name has it. */
const between = "\n";

/** How bad is what is said under a key; what is said of the same subject without an approval of its own counts too. */
function rankIn(said: ReadonlyMap<string, Said> | undefined, key: string): number {
  return Math.max(rank(said?.get(key)), rank(said?.get(key.split(between)[0]!)));
}

/** How bad it is; what is not said is less than all that is. */
function rank(said: Said | undefined): number {
  return said === undefined ? 0 : levels.indexOf(said.level);
}
