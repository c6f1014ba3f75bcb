import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { toolchainEnv } from "../../toolchain/env.ts";
import { checkout } from "../../toolchain/paths.ts";

/** Exit status and output of a `pulumi`. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly output: string;
}

/** A process that belongs to a toy project. */
export interface ToyProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** Everything that a toy project runs: what has its working directory in it or its path on the command line. */
export function processesOf(directory: string): ToyProcess[] {
  const found: ToyProcess[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!pid || pid === process.pid) continue;
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      if (cwd.startsWith(directory) || commandLine.includes(directory)) found.push({ pid, commandLine });
    } catch {
      // It ended during the check.
    }
  }
  return found;
}

/** A small project in a directory of its own, with the checkout's packages and `file://` state beside it. For tests. */
export class ToyProject implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "fairhost-toy-"));
  /** Environment of every `pulumi` started here. */
  readonly env: NodeJS.ProcessEnv;

  /**
   * @param files path in the project to text; `Pulumi.yaml` and `package.json` have defaults.
   * @param env variables beside the toolchain's own.
   */
  constructor(files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) {
    this.env = {
      ...toolchainEnv(),
      PULUMI_BACKEND_URL: `file://${this.directory}/state?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: "toy",
      ...env,
    };
    mkdirSync(join(this.directory, "state"));
    symlinkSync(join(checkout, "node_modules"), join(this.directory, "node_modules"));
    this.write({
      "Pulumi.yaml": "name: toy\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
      "package.json": JSON.stringify({
        type: "module",
        dependencies: { "@pulumi/pulumi": "*", "@pulumi/command": "*", "@pulumi/random": "*" },
      }),
      ...files,
    });
  }

  /** Writes files, replacing what was there. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.directory, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  /** Reads a file of the project, for example of its state. */
  read(path: string): string {
    return readFileSync(join(this.directory, path), "utf8");
  }

  /** Starts `pulumi` without colours or questions. */
  start(...args: string[]) {
    return execa("pulumi", [...args, "--non-interactive", "--color", "never"], {
      cwd: this.directory,
      env: this.env,
      extendEnv: false,
      all: true,
      reject: false,
      stdin: "ignore",
    });
  }

  /** Runs `pulumi` to its end, whatever that is. */
  async pulumi(...args: string[]): Promise<Outcome> {
    const { exitCode, all } = await this.start(...args);
    return { exitCode, output: all };
  }

  [Symbol.dispose](): void {
    for (const { pid } of processesOf(this.directory)) process.kill(pid, "SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A policy pack that forbids components of the toy type to have `n` above 5, as files for a {@link ToyProject}. */
export const toyPack: Readonly<Record<string, string>> = {
  "policies/PulumiPolicy.yaml": "runtime: nodejs\nversion: 0.0.1\n",
  "policies/package.json": JSON.stringify({ name: "toy-pack", version: "0.0.1", type: "module", main: "index.js" }),
  "policies/index.js": 'import "./pack.ts";\n',
  "policies/pack.ts": `import { PolicyPack } from "@pulumi/policy";
const n = (props: Record<string, unknown>): number => Number(props["n"]);
new PolicyPack("toy", {
  policies: [{
    name: "small",
    description: "n is at most 5",
    enforcementLevel: "mandatory",
    validateResource: (resource, report) => {
      if (resource.type === "toy:index:Thing" && n(resource.props) > 5) report("n is " + n(resource.props) + ": lower it");
    },
  }],
});
`,
};

/** A program with a component, configuration, a secret and outputs. */
export const toyProgram = `import * as pulumi from "@pulumi/pulumi";
interface ThingArgs { n: number }
class Thing extends pulumi.ComponentResource {
  constructor(name: string, args: ThingArgs) {
    super("toy:index:Thing", name, { n: args.n });
    this.registerOutputs({ n: args.n });
  }
}
const config = new pulumi.Config();
new Thing("thing", { n: config.requireNumber("n") });
console.log("the program speaks");
export const stack = pulumi.getStack();
export const organization = pulumi.getOrganization();
export const password = config.requireSecret("password");
`;
