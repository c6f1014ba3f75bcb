import { join } from "node:path";
import { type Approval, schema } from "../../components/review/approvals.file.ts";
import { readSource } from "../../fleet/load/source.ts";
import { approvalsWritten, wholeOf } from "../change/approvals-written.ts";
import { authorsOfChange, placeOf } from "../change/base/base.ts";
import { sameFleetAt } from "../change/base/fleets.ts";
import { commitNamed, hasChanges, textAt } from "../change/base/git.ts";
import { isAncestor } from "../change/base/history.ts";
import { refuseUnseen } from "../change/base/unseen.ts";
import { ownAuthor, ownWriters, unknownAuthor } from "../change/two-steps/approvals-used.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import { entriesFor, type Weighed, weigh } from "../verdict/weigh.ts";
import type { ProofFinding } from "./hosts/proofs.ts";
import { fleetOf } from "./hosts/repair.ts";
import { readRecords } from "./record.ts";

/** Findings that only a deploy has, since they are about hosts, judged by the approvals. */
export interface Waived {
  readonly weighed: readonly Weighed[];
  /** What is not approved, and what to add to approvals.yaml. */
  readonly reason?: string;
}

/**
 * Judges what hosts have said by the fleet's approvals. A review of the change has not seen these approvals at work, so where the fleet wants a second
 * person that is looked at here.
 * @param directory of the deploys' records
 */
export async function waived(found: readonly ProofFinding[], config: StackConfig, directory: string): Promise<Waived> {
  if (found.length === 0) return { weighed: [] };
  const fleet = await fleetOf(config);
  const approvals = fleet?.approvals ?? [];
  const asked = new Set<Approval>();
  const refused = new Map<Approval, string>();
  const weighedNow = () => weigh(found, approvals, config.today, refused).weighed;
  let weighed = weighedNow();
  // Where one is refused, another that nobody has asked about may count.
  for (;;) {
    const used = new Set(weighed.flatMap(({ approved }) => approved?.approval ?? []));
    const fresh = [...used].filter((approval) => !asked.has(approval));
    if (fresh.length === 0) break;
    for (const approval of fresh) asked.add(approval);
    const own = await ownOnes(config, directory, fresh, fleet?.limits.secondPerson ?? false);
    for (const [approval, why] of own) refused.set(approval, why);
    weighed = weighedNow();
  }
  const open = weighed.filter(({ level }) => level !== "safe");
  if (open.length === 0) return { weighed };
  const missing = entriesFor(open.flatMap(({ approval }) => approval ?? []));
  const entries = missing.map(({ action, resource }) => `action: ${action}, resource: ${resource}`);
  const reasons = open.map(({ rule, message }) => `${rule}: ${message}`);
  return { weighed, reason: [...reasons, `Or add to approvals.yaml: ${entries.join("; ")}`].join("\n") };
}

/**
 * Approvals whose author has written what is deployed with them: everything since the last deploy that succeeded.
 * @param wanted whether limits.yaml of this fleet wants a second person; that of the last deploy counts, too
 */
async function ownOnes(
  { inventory }: StackConfig,
  directory: string,
  used: readonly Approval[],
  wanted: boolean,
): Promise<ReadonlyMap<Approval, string>> {
  const all = (why: string) =>
    new Map(used.map((approval) => [approval, `limits.yaml wants a second person, and ${why}`]));
  if (used.length === 0) return new Map();
  const { root, shown: place } = await placeOf(inventory);
  const last = (await readRecords(directory)).findLast(({ result, commit }) => result === "succeeded" && commit !== "");
  const since = last?.fleetCommit ?? last?.commit;
  const base = root !== undefined && since !== undefined ? await commitNamed(root, since) : undefined;
  if (!wanted && !(base && wantsSecond(await limitsAt(root!, base, place)))) return new Map();
  if (root === undefined) return all("the inventory is in no git repository, which says who wrote it");
  if (base === undefined) {
    const lost =
      since === undefined ? "no deploy that succeeded is recorded here (FAIRHOST_RECORDS)" : `git has no ${since} here`;
    return all(`${lost}, so it is not known who wrote this change`);
  }
  if (!(await isAncestor(root, base)))
    return all("the last deploy was of other commits, so it is not known who wrote this change");
  const file = join(place, "approvals.yaml");
  await refuseUnseen(root, place);
  if (await hasChanges(root, place, file))
    return all("there are changes here that are not committed, so nobody has written them");
  const authors = await authorsOfChange(root, `${base}..HEAD`, place);
  const committed = new Set(approvalsIn(await textAt(root, "HEAD", file)).map(wholeOf));
  const writtenBy = approvalsWritten(root, file);
  const refused = new Map<Approval, string>();
  for (const approval of used) {
    if (!committed.has(wholeOf(approval))) {
      refused.set(approval, ownAuthor("and is not committed"));
      continue;
    }
    const { authors: writers } = await writtenBy("HEAD", approval);
    const own = writers && ownWriters(writers, authors);
    if (writers === undefined) refused.set(approval, unknownAuthor);
    else if (own !== undefined) refused.set(approval, ownAuthor(own));
  }
  return refused;
}

/** limits.yaml of the fleet in an earlier commit, wherever its directory was. */
async function limitsAt(root: string, commit: string, place: string): Promise<string | undefined> {
  return textAt(root, commit, join((await sameFleetAt(root, "HEAD", place, commit)) ?? place, "limits.yaml"));
}

function wantsSecond(text: string | undefined): boolean {
  return (yamlIn(text) as { secondPerson?: unknown } | null | undefined)?.secondPerson === true;
}

function approvalsIn(text: string | undefined): readonly Approval[] {
  return schema.safeParse(yamlIn(text)).data ?? [];
}

/** What was committed was once valid, or counts for nothing. */
function yamlIn(text: string | undefined): unknown {
  return text === undefined ? undefined : readSource("", text).source.data;
}
