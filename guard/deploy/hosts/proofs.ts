import { lostHosts } from "../../../components/host/hardware/lost.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { usualProofDays } from "../../../delivery/protocol/proofs.ts";
import { count, printable } from "../../../lib/text/text.ts";
import type { StackConfig } from "../../engine/stack-config.ts";
import { askHosts, waysTo } from "../../recovery/ask.ts";
import { keepKnownProofs } from "../../recovery/known-proofs.ts";
import { type Answer, isAnswer, type NoAnswer, noAnswerWords } from "../../recovery/recovery.ts";
import type { Finding } from "../../rule.ts";
import { firstAsked, type Placed } from "./first-asked.ts";
import type { Reachable } from "./gate.ts";

/** Name under which findings about proofs are shown and recorded. */
export const proofsRule = "backups-proven";

/** Milliseconds. */
const day = 86_400_000;

export type ProofFinding = Finding & { readonly rule: string };

/**
 * Looks whether the backups of accounts on these hosts are proven as their plans promise.
 * @param directory of the deploys' records
 */
export type Proofs = (
  before: Declaration,
  after: Declaration,
  hosts: readonly string[],
  directory: string,
) => Promise<readonly ProofFinding[]>;

/** Asks hosts over one connection each; those without an account that has backups are not contacted. */
export function proofsOn(config: StackConfig, hosts: readonly Reachable[], say: (text: string) => void): Proofs {
  return async (before, after, names, directory) => {
    const lost = lostHosts(after.hosts);
    const taking = takingOver(before, after, lost);
    const { asked, unknown } = await waysTo(
      config,
      before.hosts.flatMap(({ name }) => {
        const has = before.accounts.some((account) => account.host === name && account.backup);
        const isIn = has && names.includes(name) && !lost.has(name) && !taking.has(name);
        return (isIn && hosts.find((host) => host.name === name)) || [];
      }),
    );
    const now = Date.now();
    const answers = [...unknown, ...(await askHosts(asked, now))];
    // Also those of hosts that do not know the question yet, or do not answer: their grace begins now, not with the first answer.
    const expected = expectedOf(
      before,
      answers.map(({ host }) => host),
    );
    await keepKnownProofs(directory, answers.filter(isAnswer), before.accounts, now).catch((error: Error) =>
      say(`What hosts said is not remembered for previews: ${printable(error.message)}\n`),
    );
    const since = await firstAsked(directory, before.accounts, expected, now);
    const { findings, notes } = unproven(before, after, answers, now, since);
    const silent = answers.flatMap((answer) =>
      !isAnswer(answer) && answer.kind === "silent" ? noAnswerWords(answer) : [],
    );
    const lines = [...silent.map((line) => `not known: ${line}`), ...notes];
    if (lines.length > 0) say(`\nProofs of backups:\n${lines.map(printable).join("\n")}\n`);
    return findings;
  };
}

/** Accounts with backups that are on these hosts: each of them must know something of their proofs. */
function expectedOf({ accounts }: Pick<Declaration, "accounts">, hosts: readonly string[]) {
  return accounts.filter(({ host, backup }) => backup && hosts.includes(host));
}

/** Hosts that take in accounts of a lost host: nothing holds that up, least of all an old proof of somebody else's backup. */
export function takingOver(
  before: Pick<Declaration, "accounts">,
  after: Pick<Declaration, "accounts">,
  lost: { has(host: string): boolean },
): Set<string> {
  const was = new Map(before.accounts.map(({ number, host }) => [number, host]));
  return new Set(after.accounts.flatMap(({ number, host }) => (lost.has(was.get(number) ?? "") ? [host] : [])));
}

/**
 * Accounts that are on a host before the change and keep their backups, whose newest proof is older than they have been promised. Those that were never
 * proven, or that their host leaves out, have the same time since they and drills are on that host, or since a deploy first asked for them: whatever is
 * earlier. What only the account's own databases prevent is said, and stops nothing: no account holds up a host. A host that answers nonsense proves nothing.
 * @param now milliseconds
 * @param asked when a deploy first asked for an account, in milliseconds
 */
export function unproven(
  before: Pick<Declaration, "accounts">,
  after: Pick<Declaration, "accounts">,
  answers: readonly (Answer | NoAnswer)[],
  now: number,
  asked: (placed: Placed) => number,
): { readonly findings: ProofFinding[]; readonly notes: string[] } {
  const findings: ProofFinding[] = [];
  const notes: string[] = [];
  const later = new Map(after.accounts.map((account) => [account.number, account.backup]));
  for (const answer of answers) {
    const accounts = expectedOf(before, [answer.host]).filter(({ number }) => later.get(number));
    if (!isAnswer(answer)) {
      if (answer.kind === "nonsense" && accounts.length > 0) findings.push(nonsense(answer, accounts.length));
      continue;
    }
    const known = new Map(answer.accounts.map((each) => [each.account, each]));
    for (const { number, name, host, backup: was } of accounts) {
      const { proof, rest, since: said, problems = [] } = known.get(number) ?? {};
      const before = was?.proofDays ?? usualProofDays;
      const is = later.get(number)?.proofDays ?? usualProofDays;
      // Drills follow what a host was told, so a shorter time counts from the next deploy on; a longer one has its own approval.
      const promised = Math.max(before, is);
      const began = Math.min(said === undefined ? now : Date.parse(said), asked({ host, number }));
      const since = proof ? Date.parse(proof.time) : began;
      const age = (now - since) / day;
      const about = `the backup of account ${number} (${name}) on ${host}`;
      const newest = [
        proof
          ? `it was last restored on ${proof.time}`
          : `no drill has restored it since ${new Date(since).toISOString()}`,
        ...(known.has(number) ? problems : [`${host} says nothing of it`]),
      ].join("; ");
      const again = `read \`journalctl -u fairhost-drill\` on ${host}, then run \`fairhost-host drill ${number}\` there`;
      if (age >= promised && rest && now - Date.parse(rest.time) < promised * day) {
        notes.push(
          `A drill restored all but databases of ${about} on ${rest.time}. What keeps these from being restored is in them: ${rest.without}. This stops no deploy, but they would be lost with ${host}: tell the account's owner.`,
        );
      } else if (age >= promised) {
        findings.push({
          rule: proofsRule,
          subject: { kind: "account", name: `${number}` },
          message: `There is no proof of the last ${count(promised, "day")} that ${about} can be restored: ${newest}. Fix: ${again}.`,
          approval: { action: "waive", resource: `account ${number}` },
        });
      } else if (age >= is) {
        notes.push(
          `After this deploy the proof of ${about} must be of the last ${count(is, "day")}, not ${before}: ${newest}. Before the next one: ${again}.`,
        );
      } else if (age >= is * 0.75) {
        notes.push(`The proof of ${about} ends in ${count(Math.max(1, Math.ceil(is - age)), "day")}: ${newest}.`);
      } else if (problems.length > 0 || !known.has(number)) {
        notes.push(`The proof of ${about} is unusable: ${newest}.`);
      }
    }
  }
  return { findings, notes };
}

function nonsense(answer: NoAnswer, accounts: number): ProofFinding {
  const { host } = answer;
  return {
    rule: proofsRule,
    subject: { kind: "host", name: host },
    message: `There is no proof that the backups of ${count(accounts, "account")} on ${host} can be restored: ${noAnswerWords(answer)}. Fix: run \`fairhost-host backups --json\` on ${host}.`,
    approval: { action: "waive", resource: `host ${host}` },
  };
}
