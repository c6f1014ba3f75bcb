import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordsDirectory } from "../../guard/deploy/record.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import { type TwoHosts, twoHosts } from "../projects/two-hosts.ts";
import { officialHome } from "./home.ts";

/**
 * The official providers are laxer than this project's own: what relies on being strict shows here. Every text that a person or a file
 * gets is kept, and searched for every secret of the stack.
 */
let two: TwoHosts;
let home: string;
/** Temporary files of the engine and the guard: what they leave there others may read. */
let temporary: string;
const said: string[] = [];

interface StateResource {
  type: string;
  urn: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

async function guard(args: readonly string[], status: number): Promise<string> {
  const { exitCode, all } = await two.guard(args);
  said.push(all);
  expect(exitCode, all).toBe(status);
  return all;
}

async function pulumi(...args: string[]) {
  const result = await two.project.pulumi(args);
  said.push(result.all);
  return result;
}

/** The state, as the owner of the passphrase can read it; nothing of it is kept. */
async function resources(): Promise<StateResource[]> {
  const { stdout } = await two.project.pulumi(["stack", "export", "--show-secrets"]);
  return (JSON.parse(stdout) as { deployment: { resources: StateResource[] } }).deployment.resources;
}

const ofType = async (type: string) => (await resources()).filter((resource) => resource.type.endsWith(type));

function plain(value: unknown): string {
  const { plaintext } = value as { plaintext: string };
  return JSON.parse(plaintext) as string;
}

/** Every secret that the stack has, in the forms in which it could be printed. */
async function secrets(): Promise<string[]> {
  const found: string[] = [];
  for (const { outputs } of await ofType(":RandomPassword")) {
    const result = plain(outputs!.result);
    const digest = createHash("sha256").update(result).digest();
    found.push(result, digest.toString("base64"), digest.toString("hex"));
  }
  for (const { outputs } of await ofType(":RandomBytes")) found.push(plain(outputs!.base64), plain(outputs!.hex));
  const [, line] = readFileSync(two.web1.privateKeyFile, "utf8").split("\n");
  return [...found, line!];
}

/** Every file of the project, its state and its records, but the keys that tests themselves put there. */
function files(directory = two.project.directory): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));
}

async function expectNoSecret(): Promise<void> {
  const all = await secrets();
  expect(all.length).toBeGreaterThanOrEqual(3);
  const texts = [
    ...[...files(), ...files(temporary)].map((file) => [file, readFileSync(file, "utf8")] as const),
    ...said.entries(),
  ];
  expect(texts.length).toBeGreaterThan(10);
  for (const [where, text] of texts) for (const secret of all) expect(text.includes(secret), `${where}`).toBe(false);
}

const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));
const deploy = ["deploy", "--yes", "--no-drift", "--policy-pack", policyPack];
const recordFiles = () => files(recordsDirectory(two.engine)).filter((file) => file.endsWith(".json"));

beforeAll(async () => {
  await setupToolchain();
  home = mkdtempSync(join(tmpdir(), "fairhost-official-"));
  temporary = mkdtempSync(join(tmpdir(), "fairhost-temporary-"));
  two = await twoHosts({ ...officialHome(home), TMPDIR: temporary });
  // Accounts of the lab are not protected.
  for (const file of ["1-alice", "3-carol"]) two.draft.edit(`accounts/${file}.yaml`, "protect: false\n", "");
});

afterAll(async () => {
  await two?.[Symbol.asyncDispose]();
  for (const each of [home, temporary]) rmSync(each, { recursive: true, force: true });
});

describe("with providers that behave as the official ones", () => {
  test("a deploy of new hosts does what its plan says, and shows no secret", async () => {
    await guard(["preview", "--policy-pack", policyPack], 0);
    await guard(deploy, 0);
    expect((await ofType(":RandomPassword")).map(({ id }) => id)).toEqual(["none", "none"]);
    await expectNoSecret();
    for (const file of recordFiles()) expect(statSync(file).mode & 0o777, file).toBe(0o600);
  });

  test("the master secret on a host is the one in the state, and nothing changes without a change", async () => {
    const [{ outputs }] = (await ofType(":RandomPassword")) as [StateResource];
    const master = createHash("sha256").update(plain(outputs!.result)).digest("base64");
    const onHosts = [two.web1, two.web2].map(({ root }) =>
      readFileSync(join(root, "var/lib/fairhost/secrets/master-1"), "utf8"),
    );
    expect(onHosts).toContain(master);
    expect(await guard(deploy, 0)).toContain("Nothing to do");
  });

  test("a host that prints what it gets: the deploy fails, and neither screen nor record has the secret", async () => {
    two.change(30);
    await two.web1.answerApply("cat >&2; exit 1");
    await guard(deploy, 5);
    await two.web1.answerApply(undefined);
    await expectNoSecret();
    await guard(deploy, 0);
  });

  test("a host that prints it as its report: neither state nor screen nor record has the secret", async () => {
    two.change(31);
    const secret = `sed 's/.*"masterSecret":"\\([^"]*\\).*/\\1/'`;
    await two.web1.answerApply(
      `${secret} | { read -r secret; echo "$secret"; printf '{"result":"applied","generation":9,"errors":[{"group":"host","message":"it is %s"}]}\\n' "$secret"; }`,
    );
    const { all } = await two.guard(deploy);
    said.push(all);
    await two.web1.answerApply(undefined);
    const { stdout } = await pulumi("stack", "output", "--json");
    expect(stdout).toContain("it is (masked)");
    await expectNoSecret();
  });

  test("destroy is refused while hosts have protected accounts, with each of its flags, and no host is contacted", async () => {
    const before = (await two.web1.seen()).connections;
    for (const flags of [[], ["--skip-preview"], ["--skip-preview", "--exclude-protected"]]) {
      const { exitCode, all } = await pulumi("destroy", "--yes", ...flags);
      if (!flags.includes("--exclude-protected")) expect(exitCode, all).not.toBe(0);
      expect(await ofType(":Command")).toHaveLength(4);
      expect(await ofType(":RandomPassword")).toHaveLength(2);
    }
    expect((await two.web1.seen()).connections).toBe(before);
    expect((await pulumi("up", "--yes", "--skip-preview")).exitCode).toBe(0);
  });
});

describe("a stack of 0.1.0, whose master secrets are ids", () => {
  const approvals = (...hosts: string[]) =>
    hosts
      .map(
        (host) =>
          `- {action: rotate-secret, resource: host ${host}, approvedBy: alice, reason: the state showed it, expires: ${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)}}\n`,
      )
      .join("");
  let ids: string[];

  beforeAll(async () => {
    const { stdout } = await two.project.pulumi(["stack", "export", "--show-secrets"]);
    const state = JSON.parse(stdout) as { deployment: { resources: StateResource[] } };
    const text = JSON.stringify(state).replaceAll(
      /random:index\/randomPassword:RandomPassword/g,
      "random:index/randomBytes:RandomBytes",
    );
    const former = JSON.parse(text) as typeof state;
    ids = [];
    for (const resource of former.deployment.resources.filter(({ type }) => type.endsWith(":RandomBytes"))) {
      const digest = createHash("sha256").update(plain(resource.outputs!.result)).digest();
      const hidden = (value: string) => ({
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        plaintext: JSON.stringify(value),
      });
      const { keepers } = resource.inputs as { keepers: unknown };
      resource.id = digest.toString("base64");
      resource.inputs = { keepers, length: 32 };
      resource.outputs = {
        ...resource.inputs,
        base64: hidden(digest.toString("base64")),
        hex: hidden(digest.toString("hex")),
      };
      (resource as { protect?: boolean }).protect = false;
      ids.push(resource.id);
    }
    expect(ids).toHaveLength(2);
    const file = join(home, "former.json");
    writeFileSync(file, JSON.stringify(former));
    const { exitCode, all } = await two.project.pulumi(["stack", "import", "--file", file]);
    expect(exitCode, all).toBe(0);
  });

  test("nothing is replaced, deleted or rotated unasked, and the guard says what the state shows", async () => {
    const said = await guard(deploy, 0);
    expect(said).toContain("Nothing to do");
    expect(said).toMatch(
      /The state shows master secrets in plain text, as the id of web1-master-secret,\s+web2-master-secret:/,
    );
    for (const id of ids) expect(said).not.toContain(id);
    expect((await ofType(":RandomBytes")).map(({ id }) => id)).toEqual(ids);
  });

  test("a raised epoch, with its approval, takes them out of the state", async () => {
    await two.project.configure({ ...two.settings, secretEpoch: "2" });
    expect(await guard(deploy, 3)).toContain("Rotates the master secret of web1.");
    two.draft.write("approvals.yaml", approvals("web1", "web2"));
    await guard(deploy, 0);
    expect(await ofType(":RandomBytes")).toEqual([]);
    expect((await ofType(":RandomPassword")).map(({ id }) => id)).toEqual(["none", "none"]);
    for (const { root } of [two.web1, two.web2]) {
      const now = readFileSync(join(root, "var/lib/fairhost/secrets/master-2"), "utf8");
      expect(ids).not.toContain(now);
      expect(await secrets()).toContain(now);
    }
    const { stdout } = await two.project.pulumi(["stack", "export"]);
    for (const id of ids) expect(stdout).not.toContain(id);
  });

  test("a password is rotated like this too, although it is protected", async () => {
    await two.project.configure({ ...two.settings, secretEpoch: "3" });
    await guard(deploy, 0);
    expect(await ofType(":RandomPassword")).toHaveLength(2);
    expect(await guard(deploy, 0)).toContain("Nothing to do");
    await expectNoSecret();
  });
});
