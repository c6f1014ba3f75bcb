import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { processesOf, ToyProject, toyPack, toyProgram } from "../testing/projects/toy-project.ts";
import { labPassphrase } from "./env.ts";
import { checkout } from "./paths.ts";
import { setupToolchain } from "./setup.ts";
import { foreignEnv } from "./system/official.ts";

let toy: ToyProject | undefined;

beforeAll(async () => {
  await setupToolchain();
}, 600_000);

afterEach(() => {
  toy?.[Symbol.dispose]();
  toy = undefined;
});

/** A project whose stack exists. */
async function project(program: string, files: Record<string, string> = {}): Promise<ToyProject> {
  toy = new ToyProject({ "index.ts": program, ...files });
  expect(await toy.pulumi("stack", "init", "test")).toMatchObject({ exitCode: 0 });
  return toy;
}

/** Waits until a condition holds; says what it waited for when it never does. */
async function until(what: string, seconds: number, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !condition(); ) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a project with components, configuration, secrets, outputs and a policy pack", () => {
  it("goes through preview, up, refresh and destroy", async () => {
    const { pulumi, state } = bound(await project(toyProgram, toyPack));
    await pulumi("config", "set", "n", "3");
    await pulumi("config", "set", "--secret", "password", "hunter2");

    const preview = await pulumi("preview", "--policy-pack", "policies");
    expect(preview).toMatchObject({ exitCode: 0 });
    expect(preview.output).toContain("toy:index:Thing thing create");
    expect(preview.output).toContain("toy@v0.0.1");
    expect(preview.output).toContain("the program speaks");
    expect(preview.output).not.toContain("hunter2");
    // The engine warns when it takes a plugin from a place it does not expect.
    expect(preview.output).not.toContain("warning");

    expect(await pulumi("up", "--yes", "--policy-pack", "policies")).toMatchObject({ exitCode: 0 });
    const outputs = await pulumi("stack", "output", "--json");
    expect(JSON.parse(outputs.output)).toEqual({
      stack: "test",
      organization: "organization",
      password: "[secret]",
    });
    const shown = await pulumi("stack", "output", "password", "--show-secrets");
    expect(shown.output.trim()).toBe("hunter2");
    expect(state()).not.toContain("hunter2");

    expect(await pulumi("preview", "--expect-no-changes")).toMatchObject({ exitCode: 0 });
    expect(await pulumi("refresh", "--yes", "--expect-no-changes")).toMatchObject({ exitCode: 0 });
    expect(await pulumi("destroy", "--yes")).toMatchObject({ exitCode: 0 });
    expect(state()).not.toContain("toy:index:Thing");
  });

  it("is refused by a mandatory policy, with the policy's words", async () => {
    const { pulumi } = bound(await project(toyProgram, toyPack));
    await pulumi("config", "set", "n", "6");
    await pulumi("config", "set", "--secret", "password", "hunter2");
    const refused = await pulumi("preview", "--policy-pack", "policies");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("n is 6: lower it");
    expect(await pulumi("preview")).toMatchObject({ exitCode: 0 });
  });

  it("says when a policy pack's packages are not installed", async () => {
    const files = { ...toyPack, "policies/pack.ts": 'import "not-installed";\n' };
    const { pulumi } = bound(await project("export {};\n", files));
    const failed = await pulumi("preview", "--policy-pack", "policies");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("not-installed");
  });

  it("uses the providers under the versions of the npm packages", async () => {
    const program = `import { unsecret } from "@pulumi/pulumi";
      import * as random from "@pulumi/random";
      import * as command from "@pulumi/command";
      const password = new random.RandomPassword("password", { length: 20 });
      export const length = unsecret(password.result).apply((text) => text.length);
      export const said = new command.local.Command("say", { create: "echo said" }).stdout;`;
    const { pulumi } = bound(await project(program));
    const up = await pulumi("up", "--yes", "--skip-preview");
    expect(up).toMatchObject({ exitCode: 0 });
    expect(up.output).not.toContain("warning");
    expect(JSON.parse((await pulumi("stack", "output", "--json")).output)).toEqual({ length: 20, said: "said" });
  });
});

it("imports what exists, and says which inputs to declare", async () => {
  const { pulumi } = bound(await project("export {};\n"));
  const what = ["random:index/randomPassword:RandomPassword", "password", "found-password"];
  const imported = await pulumi("import", ...what, "--yes", "--skip-preview");
  expect(imported).toMatchObject({ exitCode: 0 });
  // The official language host writes TypeScript, this project's own hands on Pulumi's notation.
  expect(imported.output).toMatch(/random[:.].*RandomPassword/);
  expect(imported.output).toMatch(/length\s*[=:] 14/);
});

describe("toolchain/activate", () => {
  const source = (shell: string, commands: string, env: NodeJS.ProcessEnv = {}) =>
    execa(shell, ["-c", `. "${checkout}/toolchain/activate" && ${commands}`], {
      cwd: join(checkout, "toolchain", "language"),
      env: { ...foreignEnv(process.env), PULUMI_CONFIG_PASSPHRASE: undefined, ...env },
      extendEnv: false,
    });

  it.each(["sh", "bash"])("makes plain pulumi work in %s, from a sub-directory", async (shell) => {
    const { stdout, stderr } = await source(shell, "pulumi version && pulumi stack ls --json && node --version");
    expect(stdout).toMatch(/^v3\.\d+\.\d+\n\[[\s\S]*\]\nv\d+/);
    expect(stderr).toMatch(/^Pulumi .* is ready/);
  });

  it("keeps the user's state and passphrase, and gives the lab's passphrase when there is none", async () => {
    const show = 'printf "%s %s" "$PULUMI_BACKEND_URL" "$PULUMI_CONFIG_PASSPHRASE"';
    const own = { PULUMI_BACKEND_URL: "s3://mine", PULUMI_CONFIG_PASSPHRASE: "it's mine" };
    expect((await source("sh", show, own)).stdout).toBe("s3://mine it's mine");
    expect((await source("sh", show, { PULUMI_BACKEND_URL: "s3://mine" })).stdout).toBe("s3://mine lab");
  });

  it("says so outside the checkout, and changes nothing", async () => {
    const script = `. "${checkout}/toolchain/activate"; command -v pulumi`;
    const result = await execa("sh", ["-c", script], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      extendEnv: false,
      reject: false,
    });
    expect(result.stderr).toContain("source it inside the checkout");
    expect(result.stdout).toBe("");
  });
});

describe("the lab's stack file", () => {
  it("opens with the public passphrase and no other, and making the stack does not change it", async () => {
    const text = readFileSync(join(checkout, "Pulumi.lab.yaml"), "utf8");
    const yaml = readFileSync(join(checkout, "Pulumi.yaml"), "utf8");
    const files = { "Pulumi.yaml": yaml, "Pulumi.lab.yaml": text };
    toy = new ToyProject(files, { PULUMI_CONFIG_PASSPHRASE: labPassphrase });
    expect(await toy.pulumi("stack", "init", "lab")).toMatchObject({ exitCode: 0 });
    expect(await toy.pulumi("config")).toMatchObject({ exitCode: 0 });
    expect(toy.read("Pulumi.lab.yaml")).toBe(text);
    using stranger = new ToyProject(files, { PULUMI_CONFIG_PASSPHRASE: "other" });
    const refused = await stranger.pulumi("stack", "init", "lab");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("incorrect passphrase");
  });

  it("in another stack its passphrase can be changed, in the order in which the program's refusal says it (stacks/settings.ts)", async () => {
    toy = new ToyProject({ "index.ts": "" }, { PULUMI_CONFIG_PASSPHRASE: labPassphrase });
    expect(await toy.pulumi("stack", "init", "prod")).toMatchObject({ exitCode: 0 });
    expect(await toy.pulumi("config", "set", "--secret", "kept", "a secret")).toMatchObject({ exitCode: 0 });
    const change = ["stack", "change-secrets-provider", "passphrase"];
    const options = { cwd: toy.directory, env: toy.env, extendEnv: false, reject: false } as const;
    expect(await execa("pulumi", change, { ...options, input: "own\nown\n" })).toMatchObject({ exitCode: 0 });
    expect((await toy.pulumi("config", "get", "kept")).output).toContain("incorrect passphrase");
    toy.env.PULUMI_CONFIG_PASSPHRASE = "own";
    expect(await toy.pulumi("config", "get", "kept")).toMatchObject({ exitCode: 0, output: "a secret" });
  });
});

describe("a program that fails", () => {
  it("by an error: message and place, once", async () => {
    const { pulumi } = bound(
      await project('function deep(): never { throw new Error("broken on purpose"); }\ndeep();\n'),
    );
    const failed = await pulumi("preview");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("Error: broken on purpose");
    expect(failed.output).toMatch(/deep .*index\.ts:1:/);
    expect(failed.output).not.toContain("exit code");
  });

  it("by a RunError: the message alone", async () => {
    const program = 'import { RunError } from "@pulumi/pulumi";\nthrow new RunError("fix your configuration");\n';
    const failed = await (await project(program)).pulumi("preview");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("error: fix your configuration");
    expect(failed.output).not.toContain("index.ts:");
  });

  it("by an exit code of its own", async () => {
    const failed = await (await project("process.exit(3);\n")).pulumi("preview");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("Program exited with non-zero exit code: 3");
  });

  it("by a signal", async () => {
    const failed = await (await project('process.kill(process.pid, "SIGKILL");\n')).pulumi("preview");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("Program ended by signal SIGKILL");
  });

  it("in a promise that is not awaited", async () => {
    const failed = await (await project('void Promise.reject(new Error("left alone"));\n')).pulumi("preview");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("left alone");
  });

  it("by its syntax", async () => {
    const failed = await (await project("const = 1;\n")).pulumi("preview");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("SyntaxError");
  });
});

describe("runtime options of Pulumi.yaml", () => {
  it("nodeargs reach Node, unknown ones do no harm", async () => {
    const yaml = [
      "name: toy\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
      "    packagemanager: npm\n    nodeargs: --stack-trace-limit=7 --title='a b'\n    later: true\n",
    ].join("");
    const program = "console.log(JSON.stringify(process.execArgv), process.title);\n";
    const preview = await (await project(program, { "Pulumi.yaml": yaml })).pulumi("preview");
    expect(preview).toMatchObject({ exitCode: 0 });
    expect(preview.output).toContain('["--stack-trace-limit=7","--title=a b"] a b');
  });

  it("packagemanager installs the packages, and its failure is told", async () => {
    const yaml = (manager: string) =>
      `name: toy\nruntime:\n  name: nodejs\n  options:\n    packagemanager: ${manager}\n`;
    const install = (manager: string) => {
      const toy = new ToyProject({ "Pulumi.yaml": yaml(manager) }, { TOY_EXIT: "0" });
      toy.write({ manager: '#!/bin/sh\necho "asked to $*"\necho "to stderr" >&2\nexit $TOY_EXIT\n' });
      chmodSync(join(toy.directory, "manager"), 0o755);
      return toy;
    };
    using good = install("./manager");
    const done = await good.pulumi("install");
    expect(done).toMatchObject({ exitCode: 0 });
    expect(done.output).toContain("asked to install");
    good.env.TOY_EXIT = "3";
    const failed = await good.pulumi("install");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("./manager install ended with 3");
    using none = install("./none");
    expect((await none.pulumi("install")).output).toContain("./none cannot be started");
  });

  it("a program in a sub-directory finds its packages and configuration", async () => {
    const yaml = "name: toy\nmain: program/\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n";
    const files = {
      "Pulumi.yaml": yaml,
      "program/package.json": JSON.stringify({ type: "module", main: "start.ts" }),
      "program/start.ts": toyProgram,
    };
    const { pulumi } = bound(await project("", files));
    await pulumi("config", "set", "n", "1");
    await pulumi("config", "set", "--secret", "password", "x");
    expect(await pulumi("preview")).toMatchObject({ exitCode: 0 });
  });
});

describe("a run that is ended", () => {
  const endless = `import * as command from "@pulumi/command";
    new command.local.Command("first", { create: "true" });
    console.log("running", process.pid);
    setInterval(() => {}, 1000);
    await new Promise(() => {});
    `;

  /** Starts `up` and waits until the program, the policy pack and a provider run. */
  async function running(toy: ToyProject) {
    const up = toy.start("up", "--yes", "--skip-preview", "--policy-pack", "policies");
    for (const part of ["cmd/run", "run-policy-pack", "providers/command.ts", "language/main.ts"]) {
      await until(`${part} runs`, 60, () => processesOf(toy.directory).some((p) => p.commandLine.includes(part)));
    }
    await until("a resource is there", 60, () => bound(toy).state().includes("command:local:Command"));
    // Not `up` itself: whoever awaits this would wait for its end.
    return { up };
  }

  it("by Ctrl-C: ends soon, leaves no process and no lock", async () => {
    const toy = await project(endless, toyPack);
    const { up } = await running(toy);
    up.kill("SIGINT");
    const end = await Promise.race([up, new Promise((resolve) => setTimeout(resolve, 45_000, "still running"))]);
    expect(end).toMatchObject({ exitCode: 255 });
    await until("no process is left", 30, () => processesOf(toy.directory).length === 0);
    toy.write({ "index.ts": "export {};\n" });
    expect(await toy.pulumi("up", "--yes", "--skip-preview")).toMatchObject({ exitCode: 0 });
  });

  it.each([
    ["waits", endless],
    ["is busy", endless.replace("setInterval(() => {}, 1000);", "setTimeout(() => { for (;;) {} }, 1500);")],
  ])("by kill -9 of the engine while the program %s: leaves no process", async (_, program) => {
    const toy = await project(program, toyPack);
    const { up } = await running(toy);
    expect(processesOf(toy.directory).length).toBeGreaterThan(3);
    up.kill("SIGKILL");
    await up;
    await until("no process is left", 30, () => processesOf(toy.directory).length === 0);
    // One that is cut off in its first byte would make the state unreadable.
    expect(
      readdirSync(join(toy.directory, "state"), { recursive: true }).filter((name) => `${name}`.endsWith(".attrs")),
    ).toEqual([]);
    expect((await toy.pulumi("up", "--yes")).output).toContain("currently locked");
    expect(await toy.pulumi("cancel", "--yes")).toMatchObject({ exitCode: 0 });
  });
});

/** A project's methods, usable without the project. */
function bound(toy: ToyProject) {
  return {
    pulumi: (...args: string[]) => toy.pulumi(...args),
    state: () => toy.read("state/.pulumi/stacks/toy/test.json"),
  };
}
