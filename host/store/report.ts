import { readFileSync } from "node:fs";
import type { ApplyReport } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";

/**
 * Stores the report for later. An `unchanged` after a success is not written: an apply without a change writes nothing at all. A full disk
 * is not an error here.
 */
export function storeReport({ disk, layout }: Machine, report: ApplyReport): void {
  if (report.result === "unchanged" && ["applied", "unchanged"].includes(readReport(layout.report)?.result ?? ""))
    return;
  try {
    disk.replace(layout.report, JSON.stringify(report), 0o600);
  } catch {
    // The report is on standard output anyway.
  }
}

/** The last report; undefined if there is none, or it is damaged: the next one replaces it. */
export function readReport(path: string): ApplyReport | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ApplyReport;
  } catch {
    return undefined;
  }
}
