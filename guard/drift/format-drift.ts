import Table from "cli-table3";
import type { Finding } from "../../host/inspect/finding.ts";
import { printable } from "../../lib/text.ts";
import type { HostDrift } from "./inspect-hosts.ts";

/** Columns of a terminal. */
const width = 100;

/** For a terminal: hosts one after the other, the host's own findings first, then account by account. */
export function formatDrift(results: readonly HostDrift[]): string {
  return `${[...results.map(formatHost), summary(results)].join("\n\n")}\n`;
}

function formatHost(result: HostDrift): string {
  if ("error" in result) return `${result.host}: not asked\n  ${printable(result.error)}`;
  const { host, generation, findings } = result;
  if (findings.length === 0) return `${host}, generation ${generation}: as it should be`;
  const table = new Table({
    head: ["whose", "kind", "what is, and who repairs it"],
    colWidths: [15, 27, width - 15 - 27 - 4],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const finding of findings) table.push(row(finding));
  return `${host}, generation ${generation}:\n${table.toString()}`;
}

function row({ group, kind, message, repaired, note }: Finding): string[] {
  const who = note ? `note; ${repaired}` : repaired;
  // A word longer than its column would be cut off.
  return [group, kind, `${printable(message)} (${printable(who)})`.replaceAll(/\S{50}(?=\S)/g, "$& ")];
}

function summary(results: readonly HostDrift[]): string {
  const asked = results.flatMap((result) => ("error" in result ? [] : [result]));
  const drift = asked.filter(({ findings }) => findings.some(({ note }) => !note));
  const findings = drift.flatMap((result) => result.findings).filter(({ note }) => !note);
  const byDeploy = findings.filter(({ repaired }) => repaired === "by the next deploy").length;
  const silent = results.length - asked.length;
  const lines = [
    `${asked.length} of ${results.length} hosts asked: ${findings.length} findings on ${drift.length} of them; ${byDeploy} the next deploy repairs, ${findings.length - byDeploy} are for somebody's hands.`,
  ];
  if (silent > 0) lines.push(`Nothing is known about ${silent}.`);
  if (byDeploy > 0) {
    const names = drift.filter((result) => result.findings.some(({ repaired }) => repaired === "by the next deploy"));
    lines.push(`Repair: FAIRHOST_REPAIR=${names.map(({ host }) => host).join(",")} pulumi up`);
  }
  return lines.join("\n");
}
