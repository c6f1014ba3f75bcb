import Table from "cli-table3";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { printable } from "../../lib/text/text.ts";
import type { Failed } from "./failed.ts";

/** One host of the fleet with its place, chains and switches. */
export interface Row {
  readonly site: string;
  readonly hall: string;
  readonly rack: string;
  readonly host: string;
  readonly chains: readonly string[];
  readonly switches: readonly string[];
  /** Accounts that live on it. */
  readonly accounts: number;
  /** Number of these accounts without service. */
  readonly down: number;
}

/** One row for each host, sorted by site, hall, rack and name. */
export function rowsOf(declaration: Declaration, failed: Failed): Row[] {
  const accounts = Map.groupBy(declaration.accounts, ({ host }) => host);
  const rows = declaration.hosts.map(({ site, hall, rack, name, powerSupplies, links }) => ({
    site,
    hall,
    rack,
    host: name,
    chains: [...new Set(powerSupplies.map(({ chain }) => chain))],
    switches: [...new Set(links.map((link) => link.switch))],
    accounts: accounts.get(name)?.length ?? 0,
    down: failed.accounts.get(name) ?? 0,
  }));
  const key = ({ site, hall, rack, host }: Row): string => [site, hall, rack, host].join("\0");
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const head = ["site", "hall", "rack", "host", "chains", "switches", "accounts"];

/** The rows as a table for a terminal. @param width maximum number of columns; longer cells are broken into several lines */
export function formatTable(rows: readonly Row[], width = 100): string {
  const cells = rows.map((row) => {
    const mark = row.down === 0 ? "" : row.down === row.accounts ? " down" : ` (${row.down} down)`;
    const lists = [row.chains.join(" "), row.switches.join(" ")];
    return [row.site, row.hall, row.rack, row.host, ...lists, `${row.accounts}${mark}`].map(printable);
  });
  const widths = head.map((title, index) => Math.max(title.length, ...cells.map((row) => row[index]!.length)) + 2);
  const borders = head.length + 1;
  while (widths.reduce((sum, one) => sum + one, borders) > width) widths[widths.indexOf(Math.max(...widths))]! -= 1;
  const table = new Table({
    head,
    colWidths: widths,
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: [], border: [], compact: true },
  });
  table.push(...cells);
  return table.toString();
}
