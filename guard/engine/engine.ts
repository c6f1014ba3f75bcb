import { execa } from "execa";

/** The engine of one stack: where its program is, and the environment in which `pulumi` and the state are found. */
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
  /** Told what the engine says, as it says it. */
  readonly onOutput?: (text: string) => void;
  /** Told the engine's process id. */
  readonly onStart?: (pid: number) => void;
}

/**
 * Runs `pulumi` without questions. A signal that would end this process is handed on as SIGINT instead: the engine then ends
 * what it is doing, saves the state and lets its lock go. In a process group of its own, so that a terminal's Ctrl-C reaches it once.
 */
export async function runEngine(
  { directory, stack, environment }: Engine,
  args: readonly string[],
  { environment: more = {}, onOutput = () => {}, onStart = () => {} }: EngineOptions = {},
): Promise<EngineRun> {
  const child = execa("pulumi", [...args, "--stack", stack, "--non-interactive", "--color", "never"], {
    cwd: directory,
    // The event log is an option for programs, shown only with this.
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
