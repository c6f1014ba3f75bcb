import { readProof } from "../../host/drills/proofs.ts";
import type { Report } from "../../host/drills/report.ts";
import { run } from "../../host/os/machine.ts";
import { applier, eachHost } from "../drift/inspect-hosts.ts";
import { SshError, type SshOptions, type SshTarget, sshRun } from "../drift/ssh.ts";
import type { Answer } from "./recovery.ts";

/** A host, and the key by which the inventory knows it. */
export interface Asked {
  readonly target: SshTarget;
  readonly key: string;
}

/** Asks hosts, in parallel and over one connection each, what they know of backups and drills. @returns in the same order; a text says why a host gave no answer */
export function askHosts(hosts: readonly Asked[], options?: Omit<SshOptions, "stdin">): Promise<(Answer | string)[]> {
  return eachHost(hosts, 50, async ({ target, key }) => {
    try {
      const { stdout, stderr, exitCode } = await sshRun(target, [applier, "backups", "--json"], options);
      if (exitCode !== 0) return `${target.name}: ${stderr.trim().slice(-500) || `exit status ${exitCode}`}`;
      return readAnswer(JSON.parse(stdout) as Report, target.name, key);
    } catch (error) {
      if (error instanceof SshError) return error.message;
      throw error;
    }
  });
}

/**
 * Checks each record of a host against its pinned key. What the host itself says of its drills does not count.
 * @param key type and key in base64
 */
export async function readAnswer({ accounts, proofs }: Report, host: string, key: string): Promise<Answer> {
  const read: Answer["accounts"][number][] = [];
  for (const { account, backup } of accounts) {
    const problems: string[] = [];
    let proof: { time: string; seconds: number } | undefined;
    for (const [index, signed] of (proofs[account] ?? []).entries()) {
      const record = await readProof(run, signed, account, host, [key]);
      if ("invalid" in record) problems.push(`record ${index + 1} of its drills is not valid: ${record.invalid}`);
      else if (record.proof.outcome === "restored")
        proof = { time: record.proof.time, seconds: record.proof.seconds.restore };
      else if (index + 1 === proofs[account]!.length) problems.push(`its last drill failed: ${record.proof.wrong[0]}`);
    }
    read.push({ account, backup, ...(proof && { proof }), problems });
  }
  return { host, accounts: read };
}
