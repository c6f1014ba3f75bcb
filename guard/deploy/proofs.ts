import { lostHosts } from "../../components/host/hardware/lost.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { usualProofDays } from "../../delivery/protocol/proofs.ts";
import { count, printable } from "../../lib/text/text.ts";
import { sshTarget } from "../drift/inspect-hosts.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import { askHosts } from "../recovery/ask.ts";
import type { Answer } from "../recovery/recovery.ts";
import type { Finding } from "../rule.ts";
import type { Reachable } from "./gate.ts";

/** Name under which findings about proofs are shown and recorded. */
export const proofsRule = "backups-proven";

/** Milliseconds. */
const day = 86_400_000;

/** Milliseconds that the clock of a host may be ahead: what is dated later counts for nothing. */
const ahead = 10 * 60_000;

/** Looks whether the backups of accounts on these hosts are proven as their plans promise. */
export type Proofs = (
  before: Declaration,
  after: Declaration,
  hosts: readonly string[],
) => Promise<readonly (Finding & { readonly rule: string })[]>;

/** Asks hosts over one connection each; those without an account that has backups are not contacted. */
export function proofsOn(config: StackConfig, hosts: readonly Reachable[], say: (text: string) => void): Proofs {
  return async (before, after, names) => {
    const lost = lostHosts(after.hosts);
    const taking = takingOver(before, after, lost);
    const asked = before.hosts.flatMap(({ name, ssh }) => {
      const host = hosts.find((each) => each.name === name);
      const has = before.accounts.some((account) => account.host === name && account.backup);
      if (!host || !has || !names.includes(name) || lost.has(name) || taking.has(name) || ssh?.hostKey === undefined)
        return [];
      return [{ target: sshTarget(config, host), key: ssh.hostKey }];
    });
    if (asked.length === 0) return [];
    const answers = await askHosts(asked);
    const { findings, notes } = unproven(
      before,
      after,
      answers.filter((answer) => typeof answer !== "string"),
      Date.now(),
    );
    const silent = answers.filter((answer) => typeof answer === "string");
    const lines = [...silent.map((line) => `not known: ${line}`), ...notes];
    if (lines.length > 0) say(`\nProofs of backups:\n${lines.map(printable).join("\n")}\n`);
    return findings;
  };
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
 * Accounts that are on a host before the change and stay, whose newest proof is older than the plan allows. Those that were never proven have
 * the same time since there are drills on their host and they are there.
 * @param now milliseconds
 */
export function unproven(
  before: Pick<Declaration, "accounts">,
  after: Pick<Declaration, "accounts">,
  answers: readonly Answer[],
  now: number,
): { readonly findings: (Finding & { readonly rule: string })[]; readonly notes: string[] } {
  const findings: (Finding & { readonly rule: string })[] = [];
  const notes: string[] = [];
  const stays = new Map(after.accounts.map((account) => [account.number, account]));
  const seen = new Map(
    answers.flatMap(({ host, accounts }) => accounts.map((each) => [`${host} ${each.account}`, each] as const)),
  );
  for (const { number, name, host } of before.accounts) {
    const backup = stays.get(number)?.backup;
    const known = seen.get(`${host} ${number}`);
    if (!backup || !known) continue;
    const promised = backup.proofDays ?? usualProofDays;
    // Releases before this rule do not say since when: the deploy that brings this one passes.
    const since = known.proof?.time ?? known.since;
    if (since === undefined) continue;
    const age = now - Date.parse(since);
    const isFuture = age < -ahead;
    if (!isFuture && age < promised * day * 0.75) continue;
    const newest = known.proof ? `it was last restored on ${since}` : `no drill has restored it since ${since}`;
    const about = `the backup of account ${number} (${name}) on ${host}`;
    if (!isFuture && age < promised * day) {
      notes.push(
        `The proof of ${about} ends in ${count(Math.max(1, Math.ceil(promised - age / day)), "day")}: ${newest}.`,
      );
      continue;
    }
    const why = isFuture ? `${newest}, which is in the future` : newest;
    const drill = `read \`journalctl -u fairhost-drill\` on ${host}, then run \`fairhost-host drill ${number}\` there`;
    findings.push({
      rule: proofsRule,
      subject: { kind: "account", name: `${number}` },
      message: `There is no proof of the last ${count(promised, "day")} that ${about} can be restored: ${why}. Fix: ${drill}.`,
      approval: { action: "waive", resource: `account ${number}` },
    });
  }
  return { findings, notes };
}
