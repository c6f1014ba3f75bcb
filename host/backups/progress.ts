import type { Readable } from "node:stream";

/** How often restic says how far it is (restic(1), `RESTIC_PROGRESS_FPS`): times a second. With `--json` it would be sixty, for hours. */
export const statusPerSecond = 0.1;

const mib = (bytes = 0) => Math.floor(bytes / (1 << 20));

/** What a line says of how far a restore is, which restic writes with `--json`; undefined if it is another line. */
export function inProgress(line: string): string | undefined {
  if (!line.startsWith('{"message_type":"status"')) return undefined;
  const status = JSON.parse(line) as Readonly<Partial<Record<string, number>>>;
  const { bytes_restored, total_bytes, files_restored = 0, total_files = 0, seconds_elapsed = 0 } = status;
  return `${mib(bytes_restored)} of ${mib(total_bytes)} MiB, ${files_restored} of ${total_files} files, after ${seconds_elapsed} s`;
}

/** All that a program writes, but for the lines that say how far it is: those are told at once. */
export async function readOutput(from: Readable, tell: (progress: string) => void): Promise<string> {
  const kept: string[] = [];
  let rest = "";
  from.setEncoding("utf8");
  for await (const part of from) {
    const lines = `${rest}${part}`.split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const progress = inProgress(line);
      if (progress === undefined) kept.push(line);
      else tell(progress);
    }
  }
  return [...kept, rest].join("\n");
}

/** What `restic backup` says at its end. */
interface Summary {
  readonly message_type: string;
  readonly snapshot_id: string;
  readonly data_added_packed?: number;
  readonly total_files_processed?: number;
}

/** restic's last line: JSON. */
export function summaryOf(stdout: string): Summary | undefined {
  for (const line of stdout.trim().split("\n").reverse()) {
    try {
      const read = JSON.parse(line) as Summary;
      if (read.message_type === "summary" && read.snapshot_id) return read;
    } catch {
      // A line for people.
    }
  }
  return undefined;
}
