import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Run, RunResult } from "../../host/os/machine.ts";

/**
 * The part of systemd that the applier uses. Like the real one, it remembers unit files from their first load to the next
 * daemon-reload, and the text with which each unit runs. Survives crashes of the applier.
 */
export class FakeSystemd {
  /** Running units with the text of their unit file as of their start. */
  readonly running = new Map<string, string>();
  readonly failed = new Set<string>();
  /** Loaded only because another unit names them: gone when a stop comes to them. */
  readonly passing = new Set<string>();
  /** Units that do not stop. */
  readonly stuck = new Set<string>();
  readonly calls: string[] = [];
  /** Units that do not come up, by name, when their text matches. */
  broken: (name: string, text: string) => boolean = () => false;
  /** Answers of validators: program to what it says is wrong. */
  refuse: (program: string, staged: string) => string | undefined = () => undefined;
  readonly #loaded = new Map<string, string>();
  readonly #directory: string;

  constructor(root: string) {
    this.#directory = join(root, "/var/lib/fairhost/current/systemd");
  }

  /** Starts a service behind a socket, as a request does. */
  request(unit: string): void {
    if (!this.running.has(unit)) this.#start(unit);
  }

  readonly run: Run = async (program, args) => {
    // Validators run as: unshare ... sh -c TEXT sh STAGED CURRENT PROGRAM ARGS
    if (program === "unshare") {
      const [staged, , validator] = args.slice(args.lastIndexOf("sh") + 1);
      const wrong = this.refuse(validator!, staged!);
      return wrong === undefined ? ok() : { status: 1, stdout: "", stderr: wrong };
    }
    this.calls.push([program, ...args].join(" "));
    if (program !== "systemctl") return ok();
    const [verb, ...rest] = args.filter((arg) => !arg.startsWith("-"));
    switch (verb) {
      case "list-units":
        return ok(JSON.stringify(this.#units()));
      case "daemon-reload":
        this.#loaded.clear();
        for (const unit of this.running.keys()) this.#load(unit);
        return ok();
      case "start":
        for (const unit of rest) if (!this.running.has(unit)) this.#start(unit);
        return ok();
      case "stop":
        return this.#stop(rest);
      case "restart":
        for (const unit of rest) {
          this.running.delete(unit);
          this.#start(unit);
        }
        return ok();
      case "reset-failed":
        for (const unit of rest) this.failed.delete(unit);
        return ok();
      case "show":
        return ok(rest.map((unit) => this.#shown(unit)).join("\n"));
      default:
        throw new Error(`the fake systemd knows no ${verb}`);
    }
  };

  #shown(unit: string): string {
    return `Id=${unit}\nNeedDaemonReload=${this.#isOutdated(unit) ? "yes" : "no"}\nMainPID=0\n`;
  }

  #units(): { unit: string; active: string }[] {
    return [
      ...[...this.running.keys()].map((unit) => ({ unit, active: "active" })),
      ...[...this.failed].map((unit) => ({ unit, active: "failed" })),
      ...[...this.passing].map((unit) => ({ unit, active: "inactive" })),
    ];
  }

  #stop(units: readonly string[]): RunResult {
    const gone = units.filter((unit) => this.passing.delete(unit));
    const stuck = units.filter((unit) => this.stuck.has(unit));
    for (const unit of units) if (!this.stuck.has(unit)) this.running.delete(unit);
    const wrong = [
      ...gone.map((unit) => `Failed to stop ${unit}: Unit ${unit} not loaded.`),
      ...stuck.map((unit) => `Job for ${unit} canceled.`),
    ];
    return { status: wrong.length, stdout: "", stderr: wrong.join("\n") };
  }

  #start(unit: string): void {
    const text = this.#load(unit);
    if (text === undefined) return;
    if (this.broken(unit, text)) this.failed.add(unit);
    else this.running.set(unit, text);
  }

  #load(unit: string): string | undefined {
    if (!this.#loaded.has(unit)) {
      const text = this.text(unit);
      if (text !== undefined) this.#loaded.set(unit, text);
    }
    return this.#loaded.get(unit);
  }

  #isOutdated(unit: string): boolean {
    return this.#load(unit) !== this.text(unit);
  }

  /** The unit file as it is on disk now. */
  text(unit: string): string | undefined {
    const file = join(this.#directory, unit);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }
}

function ok(stdout = ""): RunResult {
  return { status: 0, stdout, stderr: "" };
}
