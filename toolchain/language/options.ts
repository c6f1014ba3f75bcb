/** How the engine calls a language host, and how a language host calls the SDK's runner. Pure. */

/** The language host's command line, from the engine. */
export interface HostArguments {
  /** `host:port` of the engine, absent when the engine hands it over in the handshake instead. */
  readonly engineAddress: string | undefined;
  /** Runtime options of Pulumi.yaml, passed as `-name=value`. */
  readonly options: ReadonlyMap<string, string>;
}

/** The engine's own flags (not runtime options) that take their value from the next word. */
const flagsWithNextWord = new Set(["tracing"]);

/**
 * Reads a language host's command line: Go-style flags (`-name=value`, `--name value`, `-name`), then the engine's
 * address. Unknown flags are kept as options: an unknown runtime option must not stop a program.
 */
export function parseHostArguments(argv: readonly string[]): HostArguments {
  const options = new Map<string, string>();
  let engineAddress: string | undefined;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const flag = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(word);
    if (!flag) engineAddress = word;
    else if (flag[2] !== undefined) options.set(flag[1]!, flag[2]);
    else options.set(flag[1]!, flagsWithNextWord.has(flag[1]!) ? (argv[++i] ?? "") : "true");
  }
  return { engineAddress, options };
}

/**
 * Splits the `nodeargs` runtime option as a shell would: blanks separate, single and double quotes group, a backslash
 * takes the next character as it is (not inside single quotes).
 *
 * @throws Error when a quote is not closed.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote === "'" ? c === "'" : quote !== undefined && c === quote) quote = undefined;
    else if (c === "\\" && quote !== "'" && i + 1 < text.length) word = (word ?? "") + text[++i];
    else if (quote !== undefined) word = (word ?? "") + c;
    else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + c;
  }
  if (quote !== undefined) throw new Error(`Pulumi.yaml: runtime option nodeargs: the quote ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}

/** One program run as the engine asks for it, free of gRPC types. */
export interface ProgramRun {
  readonly monitorAddress: string;
  readonly engineAddress: string | undefined;
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
  /** Directory of Pulumi.yaml. */
  readonly rootDirectory: string;
  /** Working directory of the program. */
  readonly pwd: string;
  /** File to run, or `.` for what package.json names. */
  readonly entryPoint: string;
  readonly args: readonly string[];
  readonly dryRun: boolean;
  /** Resource operations at a time; the engine's own number. */
  readonly parallel: number;
  readonly config: Readonly<Record<string, string>>;
  readonly configSecretKeys: readonly string[];
  /** Runtime options of Pulumi.yaml (`typescript`, `nodeargs`, `tsconfig`, ...). */
  readonly options: ReadonlyMap<string, string>;
  readonly tracing: string | undefined;
}

/** Command line (after the node binary) and environment for `@pulumi/pulumi/cmd/run`. */
export interface RunnerCall {
  readonly args: string[];
  /** Variables to add to the language host's own. Configuration travels here, never on the command line. */
  readonly env: Record<string, string>;
}

/**
 * Builds the call of the SDK's runner, as the official language host does: the runner takes connection and stack on
 * its command line and configuration in the environment.
 *
 * @param runner path of `@pulumi/pulumi/cmd/run`.
 * @throws Error when the `nodeargs` option cannot be read.
 */
export function runnerCall(run: ProgramRun, runner: string): RunnerCall {
  const flags: [string, string | undefined][] = [
    ["monitor", run.monitorAddress],
    ["engine", run.engineAddress],
    ["organization", run.organization],
    ["project", run.project],
    ["root-directory", run.rootDirectory],
    ["stack", run.stack],
    ["pwd", run.pwd],
    ["parallel", String(run.parallel)],
    ["tracing", run.tracing],
  ];
  const tsconfig = run.options.get("tsconfig");
  return {
    args: [
      ...splitWords(run.options.get("nodeargs") ?? ""),
      runner,
      ...flags.flatMap(([name, value]) => (value ? [`--${name}`, value] : [])),
      ...(run.dryRun ? ["--dry-run"] : []),
      run.entryPoint || ".",
      ...run.args,
    ],
    env: {
      PULUMI_CONFIG: JSON.stringify(run.config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(run.configSecretKeys),
      // As officially: the runner loads ts-node unless told that the program needs none.
      PULUMI_NODEJS_TYPESCRIPT: run.options.get("typescript") === "false" ? "false" : "true",
      ...(tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig } : {}),
    },
  };
}

/** Exit code by which the SDK's runner says that it has already reported the error to the user. */
const alreadyReported = 32;

/** Result of a program as the engine wants it. */
export interface ProgramResult {
  /** Text for the user; empty if there is none. */
  readonly error: string;
  /** The program failed and has said why: the engine must stop without a message of its own. */
  readonly bail: boolean;
}

/** Translates how the runner ended into what the engine expects. */
export function programResult(code: number | null, signal: string | null): ProgramResult {
  if (code === 0) return { error: "", bail: false };
  if (code === alreadyReported) return { error: "", bail: true };
  if (code === null) return { error: `Program ended by signal ${signal ?? "unknown"}`, bail: false };
  return { error: `Program exited with non-zero exit code: ${code}`, bail: false };
}
