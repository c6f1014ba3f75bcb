import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSshd } from "../../testing/fakes/ssh/sshd.ts";
import { toolchainEnv } from "../env.ts";
import { checkout } from "../paths.ts";

let sshd: Awaited<ReturnType<typeof startSshd>>;
let directory: string;

const stdin = "secret input of many words";
const settings = () => ({
  connection: sshd.connection,
  create: "cat; echo from-create >&2",
  delete: `cat > ${join(sshd.directory, "deleted")}`,
  stdin,
  triggers: ["one"],
  generation: "one",
  text: "copied text",
  remotePath: join(sshd.directory, "copied"),
});

beforeAll(async () => {
  sshd = await startSshd();
  directory = mkdtempSync(join(tmpdir(), "fairhost-engine-"));
  for (const name of ["node_modules", "package.json"]) symlinkSync(join(checkout, name), join(directory, name));
  symlinkSync(
    join(import.meta.dirname, "../../testing/fakes/providers/provider-program.ts"),
    join(directory, "index.ts"),
  );
  writeFileSync(join(directory, "Pulumi.yaml"), "name: providers\nruntime: nodejs\nmain: index.ts\n");
  await pulumi({}, "stack", "init", "test", "--secrets-provider", "passphrase");
});

afterAll(async () => {
  await sshd.close();
  rmSync(directory, { recursive: true });
});

function start(changes: object, ...args: string[]) {
  const env = {
    ...toolchainEnv(),
    PULUMI_BACKEND_URL: `file://${directory}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PROVIDER_TEST: JSON.stringify({ ...settings(), ...changes }),
  };
  const flags = ["--non-interactive", "--color", "never"];
  return execa("pulumi", [...args, ...flags], {
    cwd: directory,
    env,
    extendEnv: false,
    all: true,
    reject: false,
    stdin: "ignore",
  });
}

async function pulumi(changes: object, ...args: string[]): Promise<string> {
  const { all, exitCode } = await start(changes, ...args);
  if (exitCode !== 0) throw new Error(all);
  return all;
}

const up = (changes: object = {}) => pulumi(changes, "up", "--yes", "--skip-preview", "--diff");
const outputs = async () => JSON.parse(await pulumi({}, "stack", "output", "--json", "--show-secrets"));
const stateText = () => {
  const folder = join(directory, ".pulumi", "stacks", "providers");
  return readFileSync(join(folder, readdirSync(folder).find((file) => file.endsWith(".json"))!), "utf8");
};

test("up, again, changes of each kind, destroy", { timeout: 400_000 }, async () => {
  const preview = await pulumi({}, "preview");
  expect(preview).toMatch(/\+ 8 to create/);
  expect(sshd.logins()).toBe(0);

  const first = await up();
  expect(first).toMatch(/\+ 8 created/);
  expect(first).not.toContain(stdin);
  const made = await outputs();
  expect(made).toMatchObject({ secretOutput: stdin, keyLength: "64", id: expect.stringMatching(/^fh-[0-9a-f]{8}$/) });
  expect(readFileSync(join(sshd.directory, "copied"), "utf8")).toBe("copied text");
  for (const hidden of [stdin, made.result, made.hash, (sshd.connection.privateKey as string).split("\n")[1]!]) {
    expect(stateText()).not.toContain(hidden);
  }
  // Both of `apply` and `copy` went over one connection.
  expect(sshd.logins()).toBe(1);

  expect(await up()).toMatch(/Resources:\n\s+8 unchanged/);
  expect(sshd.logins()).toBe(1);

  const changed = await up({ stdin: "another secret input", update: "cat; echo from-update >&2" });
  expect(changed).toMatch(/~ 1 updated/);
  expect(changed).toMatch(/~ command:remote:Command: \(update\)/);
  expect(changed).not.toContain("another secret");
  expect(await outputs()).toMatchObject({ secretOutput: "another secret input", result: made.result, uuid: made.uuid });

  const kept = { stdin: "another secret input", update: "cat; echo from-update >&2" };
  const replaced = await up({ ...kept, triggers: ["two"], generation: "two" });
  // The key and what is made from it: `apply` by its trigger, the key by its keeper, `show` by the id of `apply`.
  expect(replaced).toMatch(/\+-3 replaced/);
  expect(readFileSync(join(sshd.directory, "deleted"), "utf8")).toBe("another secret input");

  const failed = await start(
    { ...kept, triggers: ["two"], generation: "two", update: "echo no >&2; exit 9" },
    "up",
    "--yes",
    "--skip-preview",
  );
  expect(failed.exitCode).not.toBe(0);
  expect(failed.all).toMatch(/ended with status 9: `echo no >&2; exit 9`\s+The end of its stderr:\s+no/);
  expect(stateText()).not.toContain("exit 9");

  expect(await pulumi(kept, "refresh", "--yes")).toMatch(/unchanged/);
  expect(await pulumi(kept, "destroy", "--yes")).toMatch(/- 8 deleted/);
});

test("a missing host key is refused in the preview", async () => {
  const { hostKey: _, ...connection } = sshd.connection;
  const { all, exitCode } = await start({ connection }, "preview");
  expect(exitCode).not.toBe(0);
  expect(all).toMatch(/connection\.hostKey.*required: this provider never trusts an unknown host/s);
});

test("Ctrl-C lets the command on the host end, and records it", async () => {
  const [started, file] = [join(sshd.directory, "began"), join(sshd.directory, "ended")];
  const running = start(
    { create: `touch ${started}; sleep 2; touch ${file}; echo done` },
    "up",
    "--yes",
    "--skip-preview",
  );
  await expect.poll(() => existsSync(started), { timeout: 60_000 }).toBe(true);
  running.kill("SIGINT");
  await running;
  expect(existsSync(file)).toBe(true);
  const state = JSON.parse(stateText());
  const types = state.checkpoint.latest.resources.map((resource: { type: string }) => resource.type);
  expect(types).toContain("command:remote:Command");
  await pulumi({}, "destroy", "--yes");
});

test("when its engine is killed the provider ends, and with it a local command", async () => {
  // Stands for the engine: starts the provider as its child in a group of its own, then dies.
  const provider = join(import.meta.dirname, "command.ts");
  const script = `
    const child = require("node:child_process").spawn(process.execPath, [${JSON.stringify(provider)}], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.once("data", (port) => console.log(child.pid, String(port).trim()));
  `;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [pid, port] = await new Promise<number[]>((resolve) => {
    parent.stdout.once("data", (line) => resolve(String(line).trim().split(" ").map(Number)));
  });
  const { connect } = await import("../../testing/fakes/providers/provider-client.ts");
  const client = connect(port!);
  const file = join(directory, "local-pid");
  const create = `echo $$ > ${file}; sleep 60`;
  client.create("command:local:Command", { create }).catch(() => {});
  await expect.poll(() => existsSync(file) && readFileSync(file, "utf8")).toMatch(/\d/);
  const command = Number(readFileSync(file, "utf8"));
  expect([alive(pid!), alive(command)]).toEqual([true, true]);
  parent.kill("SIGKILL");
  await expect.poll(() => [alive(pid!), alive(command)]).toEqual([false, false]);
  client.close();
});

function alive(pid: number): boolean {
  try {
    // A zombie is dead: nobody here reaps what init inherits late.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
