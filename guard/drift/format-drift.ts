import Table from "cli-table3";
import { byDeploy, type Difference } from "../../host/inspect/difference.ts";
import { count, printable } from "../../lib/text/text.ts";
import type { HostDrift } from "./inspect-hosts.ts";

/** Columns of a terminal. */
const width = 100;

/**
 * For a terminal: hosts one after the other, the host's own differences first, then account by account.
 * @param stack for the command that repairs; undefined in a deploy's own output
 */
export function formatDrift(results: readonly HostDrift[], stack?: string): string {
  return `${[...results.map(formatHost), summary(results, stack)].join("\n\n")}\n`;
}

function formatHost(result: HostDrift): string {
  if ("error" in result) return `${result.host}: did not answer\n  ${printable(result.error)}`;
  const { host, generation, differences } = result;
  if (differences.length === 0) return `${host}, generation ${generation}: no drift`;
  const table = new Table({
    head: ["whose", "kind", "what is, and who repairs it"],
    colWidths: [15, 27, width - 15 - 27 - 4],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const difference of differences) table.push(row(difference));
  return `${host}, generation ${generation}:\n${table.toString()}`;
}

function row({ group, kind, message, repaired, note }: Difference): string[] {
  const who = note ? `note; ${repaired}` : repaired;
  // A word longer than its column would be cut off.
  return [group, kind, `${printable(message)} (${printable(who)})`.replaceAll(/\S{50}(?=\S)/g, "$& ")];
}

function summary(results: readonly HostDrift[], stack: string | undefined): string {
  const answers = results.flatMap((result) =>
    "error" in result ? [] : [result.differences.filter(({ note }) => !note)],
  );
  const differences = answers.flat();
  const repaired = differences.filter((difference) => difference.repaired === byDeploy).length;
  const manual = differences.length - repaired;
  const silent = results.length - answers.length;
  const drifted = count(answers.filter((each) => each.length > 0).length, "host");
  const found =
    differences.length === 0 ? "no drift found" : `${count(differences.length, "difference")} on ${drifted}`;
  const lines = [
    [`${answers.length} of ${count(results.length, "host")} answered`, ...(answers.length > 0 ? [found] : [])],
    [
      ...(repaired > 0 ? [`${repaired} will be repaired by the next deploy`] : []),
      ...(manual > 0 ? [`${manual} ${manual === 1 ? "needs" : "need"} manual repair`] : []),
      ...(silent > 0 ? [`${count(silent, "host")} did not answer`] : []),
    ],
  ];
  const advice = repaired > 0 && stack !== undefined ? [`Repair: npm run guard -- deploy -s ${stack} --repair`] : [];
  return [...lines.flatMap((parts) => (parts.length > 0 ? [`${parts.join("; ")}.`] : [])), ...advice].join("\n");
}
