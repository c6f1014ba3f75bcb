import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Host } from "../../components/declaring.ts";
import { isAhead, keptProofs, takeoverSeconds } from "../../delivery/protocol/proofs.ts";
import { readProof } from "../../host/drills/proofs.ts";
import { run } from "../../host/os/machine.ts";
import { pinnedKeyIn, wholeLines } from "../../lib/known-hosts.ts";
import { applier, eachHost, sshTarget } from "../drift/inspect-hosts.ts";
import { SshError, type SshOptions, type SshTarget, sshRun } from "../drift/ssh.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import type { Answer, NoAnswer } from "./recovery.ts";

const time = z.iso.datetime({ offset: true });

/** What is read of a host's report. Whoever is root on a host writes what they like, and must spoil only what is said of that host. */
const reportSchema = z.object({
  accounts: z.array(
    z.object({ account: z.int(), backup: z.object({ last: z.object({ time }).optional() }), since: time.optional() }),
  ),
  // Older releases have none.
  standby: z
    .array(z.object({ account: z.int(), compared: time.optional(), copy: z.object({ time }).optional() }))
    .default([]),
  proofs: z.record(z.string(), z.array(z.unknown())),
});
const signedSchema = z.object({ text: z.string(), signatures: z.array(z.string()).max(10) });
const proofSchema = z.object({
  time,
  seconds: z.object({
    find: z.number().nonnegative().optional(),
    restore: z.number().nonnegative(),
    drill: z.number().nonnegative(),
  }),
  outcome: z.enum(["restored", "failed"]),
  wrong: z.array(z.string()),
  own: z.array(z.string()).optional(),
});

/** A host, and the key by which SSH knows it. */
export interface Asked {
  readonly target: SshTarget;
  readonly key: string;
}

/** How to ask hosts. One without a pinned key cannot be asked, nor could its records be checked. */
export async function waysTo(
  config: StackConfig,
  hosts: readonly Pick<Host, "name" | "ssh">[],
): Promise<{ readonly asked: readonly Asked[]; readonly unknown: readonly NoAnswer[] }> {
  const lines = wholeLines(await readFile(config.knownHosts, "utf8"));
  const asked: Asked[] = [];
  const unknown: NoAnswer[] = [];
  for (const host of hosts) {
    const { key } = pinnedKeyIn(lines, host.ssh.address, host.ssh.port);
    const why = `${host.name} has no key in ${config.knownHosts}, so it is not asked for its proofs`;
    if (key === undefined) unknown.push({ host: host.name, kind: "silent", why });
    else asked.push({ target: sshTarget(config, host), key });
  }
  return { asked, unknown };
}

/** Exit statuses of a host without the applier, or with one that does not know the question yet (sh(1), host/main.ts). */
const tooOld: readonly number[] = [2, 126, 127];

/** Asks hosts, in parallel and over one connection each, what they know of backups and drills. @returns in the same order */
export function askHosts(
  hosts: readonly Asked[],
  now: number,
  options?: Omit<SshOptions, "stdin">,
): Promise<(Answer | NoAnswer)[]> {
  return eachHost(hosts, 50, async ({ target, key }) => {
    const host = target.name;
    try {
      const { stdout, stderr, exitCode } = await sshRun(target, [applier, "backups", "--json"], options);
      if (exitCode === 0) return await readAnswer(stdout, host, key, now);
      const last = stderr.trim().slice(-500) || "nothing was said";
      if (!tooOld.includes(exitCode)) return { host, kind: "nonsense", why: `${last} (exit status ${exitCode})` };
      return { host, kind: "silent", why: `${host} has no applier yet that knows of proofs (exit status ${exitCode})` };
    } catch (error) {
      if (error instanceof SshError) return { host, kind: "silent", why: error.message };
      throw error;
    }
  });
}

/**
 * Checks each record of a host against its pinned key. What the host itself says of its drills does not count, nor does a date in the future.
 * @param text the host's report
 * @param key type and key in base64
 * @param now milliseconds
 */
export async function readAnswer(text: string, host: string, key: string, now: number): Promise<Answer | NoAnswer> {
  const report = parsed(reportSchema, text);
  if (typeof report === "string") return { host, kind: "nonsense", why: `it cannot be read: ${report}` };
  const accounts: Answer["accounts"][number][] = [];
  for (const { account, backup, since } of report.accounts) {
    const problems: string[] = [];
    let proof: { time: string; seconds: number } | undefined;
    let rest: Answer["accounts"][number]["rest"];
    // A host keeps no more, and each one that is read costs a process here.
    const records = (report.proofs[account] ?? []).slice(-keptProofs - 1);
    for (const [index, signed] of records.entries()) {
      const record = await readRecord(signed, account, host, key);
      const about = `record ${index + 1} of its drills is not valid`;
      if (typeof record === "string") problems.push(`${about}: ${record}`);
      else if (isAhead(record.time, now)) problems.push(`${about}: it is dated ${record.time}, in the future`);
      else if (record.outcome === "restored") {
        proof = { time: record.time, seconds: takeoverSeconds(record.seconds) };
        rest = undefined;
      } else {
        const { time, wrong, own = [] } = record;
        const others = wrong.filter((line) => !own.includes(line));
        const isOwn = own.length > 0 && others.length === 0;
        if (isOwn) rest = { time, without: own.join("; ") };
        if (index + 1 === records.length)
          problems.push(
            isOwn
              ? `its last drill restored all but databases that it keeps from being restored itself: ${own.join("; ")}`
              : `its last drill failed: ${others[0]}`,
          );
      }
    }
    const seen = { ...(since && { since }), ...(proof && { proof }), ...(rest && { rest }) };
    accounts.push({ account, backup, ...seen, problems });
  }
  return { host, accounts, copies: report.standby };
}

/** @returns a text that says why it counts for nothing */
async function readRecord(signed: unknown, account: number, host: string, key: string) {
  const { data } = signedSchema.safeParse(signed);
  if (!data) return "it is damaged";
  const record = await readProof(run, data, account, host, [key]);
  return "invalid" in record ? record.invalid : (proofSchema.safeParse(record.proof).data ?? "it is damaged");
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | string {
  try {
    const { data, error } = schema.safeParse(JSON.parse(text));
    return data ?? z.prettifyError(error!).split("\n").slice(0, 2).join(" ").slice(0, 500);
  } catch {
    return "it is not JSON";
  }
}
