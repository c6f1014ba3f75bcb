import { execa } from "execa";

/** The engine of one stack: the directory of its program, and the environment with `pulumi` and the state. */
export interface Engine {
  readonly directory: string;
  readonly stack: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface EngineRun {
  readonly exitCode: number;
  /** Standard output alone. */
  readonly stdout: string;
  /** Both streams, as a person would see them. */
  readonly output: string;
}

export interface EngineOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Gets the output of the engine while it runs. */
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
  { environment: more = {}, onOutput = () => {}, onStart = () => {} }: EngineOptions = {},
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
  child.all.on("data", (chunk: Buffer) => onOutput(chunk.toString()));
  const interrupt = () => void child.kill("SIGINT");
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const { exitCode, stdout, all, shortMessage } = await child;
    return { exitCode: exitCode ?? 255, stdout, output: all || (exitCode === 0 ? "" : (shortMessage ?? "")) };
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
