import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { toolchainEnv } from "../../toolchain/env.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** The project's own program with a stack, state and configuration of its own, away from the checkout. */
export interface TemporaryProject extends AsyncDisposable {
  readonly directory: string;
  /** In which programs find `pulumi` and this project's state. */
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Runs `pulumi` there, without colours or questions: a promise of its result that never throws on an exit status,
   * and the running process, for tests that kill it.
   */
  pulumi(args: readonly string[], environment?: NodeJS.ProcessEnv): ReturnType<typeof run>;
  /** Writes the stack's configuration, replacing what was there; keys without their namespace. */
  configure(config: Readonly<Record<string, string>>): Promise<void>;
  /** Adds another stack with its configuration, in the same backend and with the same passphrase. */
  addStack(stack: string, config: Readonly<Record<string, string>>): Promise<void>;
}

/**
 * Needs the toolchain set up. Removed with everything in it on disposal.
 * @param stack its name, which URNs carry, and its passphrase; variables beside the toolchain's own
 */
export async function temporaryProject(
  config: Readonly<Record<string, string>>,
  {
    stack = "test",
    passphrase = "test",
    environment: more = {},
  }: { stack?: string; passphrase?: string; environment?: NodeJS.ProcessEnv } = {},
): Promise<TemporaryProject> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-project-"));
  await mkdir(join(directory, "state"));
  // The program is reached by a link: Node resolves it, so imports come from the checkout, relative paths from here.
  for (const name of ["index.ts", "package.json", "node_modules"])
    await symlink(join(checkout, name), join(directory, name));
  await copyFile(join(checkout, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  const environment = {
    ...toolchainEnv(),
    ...more,
    PULUMI_BACKEND_URL: `file://${directory}/state?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
  };
  const pulumi = (args: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
    run(directory, args, { ...environment, ...extra });
  const init = async (name: string) => {
    const { exitCode, all } = await pulumi(["stack", "init", name, "--secrets-provider", "passphrase"]);
    if (exitCode !== 0) throw new Error(`pulumi stack init: ${all}`);
    const file = join(directory, `Pulumi.${name}.yaml`);
    const salt = await readFile(file, "utf8"); // what `stack init` wrote: the encryption salt
    return (values: Readonly<Record<string, string>>) => writeFile(file, salt + configText(values));
  };
  const configure = await init(stack);
  await configure(config);
  return {
    directory,
    environment,
    pulumi,
    configure,
    addStack: async (name, values) => (await init(name))(values),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function run(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const flags = ["--non-interactive", "--color", "never"];
  return execa("pulumi", [...args, ...flags], {
    cwd,
    env,
    extendEnv: false,
    all: true,
    reject: false,
    stdin: "ignore",
  });
}

function configText(config: Readonly<Record<string, string>>): string {
  return `config:\n${Object.entries(config)
    .map(([key, value]) => `  fairhost:${key}: ${JSON.stringify(value)}\n`)
    .join("")}`;
}
