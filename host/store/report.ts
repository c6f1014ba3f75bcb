import type { ApplyReport } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { isRecord, readOwnIfWhole, type Schema } from "./own-file.ts";

export const isReport: Schema<ApplyReport> = (value): value is ApplyReport =>
  isRecord(value) && typeof value.result === "string";

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
  return readOwnIfWhole(path, isReport);
}
