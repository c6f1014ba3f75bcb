import Table from "cli-table3";
import { byDeploy, type Difference, hasDrift } from "../../delivery/protocol/inspection.ts";
import { count, printable } from "../../lib/text/text.ts";
import type { HostDrift } from "./inspect-hosts.ts";

/** Columns of a terminal. */
const width = 100;

/**
 * For a terminal: hosts and routers one after the other, the host's own differences first, then account by account.
 * @param stack for the command that repairs; undefined in a deploy's own output
 */
export function formatDrift(results: readonly HostDrift[], stack?: string): string {
  return `${[...results.map(formatHost), summary(results, stack)].join("\n\n")}\n`;
}

function formatHost(result: HostDrift): string {
  if ("error" in result) return `${result.host}: did not answer\n  ${printable(result.error)}`;
  const { host, generation, waits } = result;
  const differences = shown(result);
  const title = `${host}, generation ${generation}:`;
  const waiting = waits === undefined ? "" : `${title} waits for a deploy\n  ${printable(waits)}`;
  if (differences.length === 0) return waiting || `${title} no drift`;
  const table = new Table({
    head: ["whose", "kind", "what is, and who repairs it"],
    colWidths: [15, 27, width - 15 - 27 - 4],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const difference of differences) table.push(row(difference));
  return `${waiting || title}\n${table.toString()}`;
}

/** Differences, without those that a router waits with. */
function shown(result: HostDrift): readonly Difference[] {
  if ("error" in result) return [];
  const { differences, waits } = result;
  return waits === undefined ? differences : differences.filter(({ kind }) => kind !== "generation-outdated");
}

function row({ group, kind, message, repaired, note }: Difference): string[] {
  const who = note ? `note; ${repaired}` : repaired;
  // A word longer than its column would be cut off.
  return [group, kind, `${printable(message)} (${printable(who)})`.replaceAll(/\S{50}(?=\S)/g, "$& ")];
}

function summary(results: readonly HostDrift[], stack: string | undefined): string {
  const answers = results.flatMap((result) => ("error" in result ? [] : [shown(result).filter(({ note }) => !note)]));
  const differences = answers.flat();
  const repaired = differences.filter((difference) => difference.repaired === byDeploy).length;
  const manual = differences.length - repaired;
  const silent = counted(results.filter((result) => "error" in result));
  const drifted = counted(results.filter((result) => hasDrift(shown(result))));
  const waiting = results.filter((result) => "waits" in result && result.waits !== undefined);
  const found = [
    ...(waiting.length > 0 ? [`${counted(waiting)} ${waiting.length > 1 ? "wait" : "waits"} for a deploy`] : []),
    ...(differences.length > 0 ? [`${count(differences.length, "difference")} on ${drifted}`] : []),
  ];
  const asked = ofEach(results, (all, noun) => {
    return `${all.filter((result) => "differences" in result).length} of ${count(all.length, noun)}`;
  });
  const lines = [
    [`${asked} answered`, ...(answers.length > 0 ? (found.length > 0 ? found : ["no drift found"]) : [])],
    [
      ...(repaired > 0 ? [`${repaired} will be repaired by the next deploy`] : []),
      ...(manual > 0 ? [`${manual} ${manual === 1 ? "needs" : "need"} manual repair`] : []),
      ...(silent === "" ? [] : [`${silent} did not answer`]),
    ],
  ];
  const advice = repaired > 0 && stack !== undefined ? [`Repair: npm run guard -- deploy -s ${stack} --repair`] : [];
  return [...lines.flatMap((parts) => (parts.length > 0 ? [`${parts.join("; ")}.`] : [])), ...advice].join("\n");
}

/** `2 hosts and 1 router`; empty if there is none. */
function counted(results: readonly HostDrift[]): string {
  return ofEach(results, ({ length }, noun) => count(length, noun));
}

/** Words about the hosts, and about the routers, of those that there are. */
function ofEach(results: readonly HostDrift[], words: (those: readonly HostDrift[], noun: string) => string): string {
  const those = Map.groupBy(results, ({ router }) => (router ? "router" : "host"));
  return (["host", "router"] as const)
    .flatMap((noun) => (those.has(noun) ? words(those.get(noun)!, noun) : []))
    .join(" and ");
}
