import { StringDecoder } from "node:string_decoder";
import { execa } from "execa";
import { maskedLines, maskOutput, secretsIn } from "../../lib/text/mask.ts";

/** The engine of one stack: the directory of its program, and the environment with `pulumi` and the state. */
export interface Engine {
  readonly directory: string;
  readonly stack: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface EngineRun {
  readonly exitCode: number;
  /** Standard output alone, for programs: nothing in it is masked. */
  readonly stdout: string;
  /** Both streams, as a person may see them: secrets masked. Masking a state's many megabytes takes seconds, so nobody asks without need. */
  output(): string;
}

export interface EngineOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Gets the output of the engine while it runs, line by line, secrets masked. */
  readonly onOutput?: (text: string) => void;
  /** Gets the engine's process id. */
  readonly onStart?: (pid: number) => void;
}

/**
 * Runs `pulumi` without questions. A signal that would end this process is forwarded to it as SIGINT: the engine then finishes its
 * step, saves the state and releases its lock. It has its own process group, so that a terminal's Ctrl-C reaches it once.
 */
export async function runEngine(
  { directory, stack, environment }: Engine,
  args: readonly string[],
  { environment: more = {}, onOutput, onStart = () => {} }: EngineOptions = {},
): Promise<EngineRun> {
  const child = execa("pulumi", [...args, "--stack", stack, "--non-interactive", "--color", "never"], {
    cwd: directory,
    // Pulumi accepts the option for an event log only with this.
    env: { ...environment, PULUMI_DEBUG_COMMANDS: "true", ...more },
    extendEnv: false,
    all: true,
    reject: false,
    stdin: "ignore",
    detached: true,
    maxBuffer: 256 << 20,
  });
  if (child.pid !== undefined) onStart(child.pid);
  const known = secretsIn({ ...environment, ...more });
  const shown = onOutput && maskedLines(known, onOutput);
  const decoder = new StringDecoder("utf8");
  if (shown) child.all.on("data", (chunk: Buffer) => shown.add(decoder.write(chunk)));
  const interrupt = () => void child.kill("SIGINT");
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const { exitCode, stdout, all, shortMessage } = await child;
    shown?.end();
    const output = () => maskOutput(all || (exitCode === 0 ? "" : (shortMessage ?? "")), known);
    return { exitCode: exitCode ?? 255, stdout, output };
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
