import { execFile } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { UserError } from "../../lib/user-error.ts";
import { Disk } from "../store/disk.ts";
import { type Layout, layout } from "../store/layout.ts";

export interface RunResult {
  /** Exit status; 127 if the program is missing, 124 if it was ended: after a timeout, or because it wrote too much. */
  readonly status: number;
  readonly stdout: string;
  /** What it wrote; if it was ended, that and why. */
  readonly stderr: string;
}

export interface RunOptions {
  /** Milliseconds. Default 120,000. */
  readonly timeout?: number;
  /** Bytes that it may write. Default 64 MiB. */
  readonly maxBytes?: number;
  readonly input?: string;
  /** Ends the program; its result then means nothing. */
  readonly signal?: AbortSignal;
}

/** Runs a program with an argument array, never through a shell. A non-zero exit status is a result, not an error. */
export type Run = (program: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

export interface Space {
  readonly freeBytes: number;
  /** `Infinity` if the file system has no fixed number. */
  readonly freeInodes: number;
}

/** What the applier works on: a host, or a directory tree in place of one. */
export interface Machine {
  readonly layout: Layout;
  readonly disk: Disk;
  /** True on a host with systemd: programs validate, hooks run, units are checked. False: only files; hooks are only named. */
  readonly live: boolean;
  readonly run: Run;
  space(path: string): Space;
  /** Shows one line of progress. */
  say(line: string): void;
}

export const run: Run = (program, args, options = {}) =>
  new Promise((resolve) => {
    const settings = {
      timeout: options.timeout ?? 120_000,
      ...(options.signal && { signal: options.signal }),
      killSignal: "SIGKILL",
      maxBuffer: options.maxBytes ?? 64 << 20,
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
    } as const;
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      const missing = error?.code === "ENOENT";
      const status = missing
        ? 127
        : error?.killed
          ? 124
          : typeof error?.code === "number"
            ? error.code
            : error
              ? 128
              : 0;
      const isTooMuch = (error?.code as unknown) === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER";
      const why = missing
        ? "not installed"
        : isTooMuch
          ? `it wrote more than ${settings.maxBuffer} bytes`
          : error?.killed && !options.signal?.aborted && `it took longer than ${settings.timeout / 1000} seconds`;
      const said = why ? [stderr.trim(), `${program}: ${why}`].filter(Boolean).join("; ") : stderr;
      resolve({ status: isTooMuch ? 124 : status, stdout, stderr: said });
    });
    // A program may end before it has read its input; its exit status counts.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });

/** The machine under `root`; live only for `/` with systemd running. */
export function machine(root: string, say: (line: string) => void): Machine {
  return {
    layout: layout(root),
    disk: new Disk(),
    live: root === "/" && existsSync("/run/systemd/system"),
    run,
    space(path) {
      const { bavail, bsize, files, ffree } = statfsSync(path);
      return { freeBytes: bavail * bsize, freeInodes: files === 0 ? Number.POSITIVE_INFINITY : ffree };
    },
    say,
  };
}

/** An error for people: what is wrong, where, how to fix it. */
export class ApplyError extends UserError {}

/** Whether this is a container, whose kernel belongs to another machine. */
export function inContainer({ layout }: Machine): boolean {
  return existsSync(layout.at("/run/systemd/container"));
}
