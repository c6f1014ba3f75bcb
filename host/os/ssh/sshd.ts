import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import type { Problem } from "../../apply/validate/problem.ts";
import { problemsIn, type Validator } from "../../apply/validate/staged.ts";
import { filesOf } from "../../store/generations.ts";

/**
 * Checks each changed sshd_config(5) as a server would read it. Not by `sshd -t`, which wants the host keys too: those of accounts are made
 * after the validation. What one account's file includes has another path on a host, and is checked by itself.
 */
export const sshServers: Validator = async (staged, changed) => {
  const problems: Problem[] = [];
  for (const path of changed) {
    if (!path.endsWith("/sshd.conf") || !filesOf(staged.bundle).has(path)) continue;
    // Users of its `Match`, whose settings are only then looked at as a whole.
    const result = await staged.run("/usr/sbin/sshd", ["-G", "-f", `${currentGeneration}/${path}`]);
    problems.push(...problemsIn(staged, result, "sshd", path));
  }
  return problems;
};
