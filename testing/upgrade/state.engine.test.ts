import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secretTypes } from "../../delivery/protocol/resources.ts";
import { reviewPreview } from "../../guard/deploy/review-preview.ts";
import { readStackConfig } from "../../guard/engine/stack-config.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import { officialHome } from "../official/home.ts";
import { type TemporaryProject, temporaryProject } from "../projects/temporary-project.ts";
import { copyInventory, layOutProject, recordedStack, recordings } from "./recordings.ts";

const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));

/**
 * Providers are the engine's own: a newer version of a package makes a default provider anew, and takes the old one away. These and no
 * others; nothing on a host is theirs.
 */
const providers = ["pulumi:providers:pulumi", "pulumi:providers:random", "pulumi:providers:command"];

interface Step {
  readonly op: string;
  readonly urn: string;
  readonly replaceReasons?: readonly string[];
  readonly oldState?: { readonly type: string; readonly inputs?: Record<string, unknown> };
  readonly newState?: { readonly type: string; readonly inputs?: Record<string, unknown> };
}

/** What an account is known by, by the component that has it. */
const identities: Readonly<Record<string, readonly string[]>> = {
  "fairhost:account:AccountContainer": ["number", "uid", "gid", "user", "slice", "directory", "host"],
  "fairhost:address:AccountAddress": ["account", "prefix", "address"],
};

/** Inputs that are added, changed and taken away. The engine tells them of providers' resources alone, and no secret's. */
function differences({ oldState, newState }: Pick<Step, "oldState" | "newState">): string {
  const [old, next] = [oldState?.inputs ?? {}, newState?.inputs ?? {}];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
  const differing = keys.filter((key) => !isDeepStrictEqual(old[key], next[key]));
  if (differing.length === 0) return " a secret";
  return differing.map((key) => ` ${key in old ? (key in next ? "~" : "-") : "+"}${key}`).join("");
}

beforeAll(() => setupToolchain());

describe.each(recordings)("the stack that $version left behind", (recording) => {
  let project: TemporaryProject;
  let settings: Record<string, string>;
  const inventory = () => join(project.directory, "inventory/lab");
  const withInventory = async (options: { upgraded: boolean }) => {
    await rm(inventory(), { recursive: true });
    copyInventory(recording, inventory(), options);
  };
  const engine = () => ({ directory: project.directory, stack: "lab", environment: project.environment });
  const reviewed = () => reviewPreview(engine(), readStackConfig("lab", project.directory), { policyPack });
  /** What the state holds of each resource; of secrets, which each export encrypts anew, only that they are there. */
  const resources = async () => {
    const { stdout } = await project.pulumi(["stack", "export"]);
    const plain = stdout.replace(/"ciphertext": "[^"]*"/g, '"ciphertext": ""');
    const { deployment } = JSON.parse(plain) as { deployment: { resources: Record<string, unknown>[] } };
    return deployment.resources.map(({ urn, type, inputs, outputs }) => ({ urn, type, inputs, outputs }));
  };

  beforeAll(async () => {
    project = await temporaryProject({}, recordedStack);
    settings = layOutProject(recording, project.directory);
    await project.configure(settings);
    const imported = await project.pulumi(["stack", "import", "--file", "state.json"]);
    expect(imported.exitCode, imported.all).toBe(0);
  });

  afterAll(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  test("its resources stay or are updated, none is replaced or deleted, and accounts keep who they are", async () => {
    const { stdout, stderr, exitCode } = await project.pulumi([
      "preview",
      "--json",
      "--show-sames",
      "--policy-pack",
      policyPack,
    ]);
    expect(exitCode, stderr + stdout).toBe(0);
    const { steps } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as { steps: Step[] };
    const own = steps.filter(({ oldState, newState }) => !providers.includes((newState ?? oldState)!.type));
    const before = JSON.parse(readFileSync(join(project.directory, "state.json"), "utf8")) as {
      deployment: { resources: { urn: string; type: string }[] };
    };
    const recorded = before.deployment.resources.filter(({ type }) => !providers.includes(type));
    // Everything that was there is looked at, and what is new comes beside it.
    expect(
      own
        .filter(({ op }) => op !== "create")
        .map(({ urn }) => urn)
        .sort(),
    ).toEqual(recorded.map(({ urn }) => urn).sort());
    for (const { op, urn, replaceReasons = [] } of own) {
      expect(["same", "update", "create"], urn).toContain(op);
      expect(replaceReasons, urn).toEqual([]);
    }
    const lines = own
      .filter(({ op }) => op !== "same")
      .map(({ op, urn, ...states }) => {
        return `${op} ${urn.split("::").at(-1)}:${differences(states)}`;
      });
    await expect(`${lines.sort().join("\n")}\n`).toMatchFileSnapshot(join(recording.directory, "preview.golden.txt"));
    const known = own.filter(({ oldState }) => oldState && identities[oldState.type]);
    expect(known.length).toBeGreaterThan(0);
    for (const { urn, oldState, newState } of known) {
      for (const key of identities[oldState!.type]!) {
        expect(newState!.inputs![key], `${key} of ${urn}`).toEqual(oldState!.inputs![key]);
      }
    }
  });

  test("the guard sees what the upgrade does, and nobody's identity in it", async () => {
    const result = await reviewed();
    if (result.kind !== "previewed") throw new Error(result.messages.join("\n"));
    const { review, sides, outcome } = result;
    expect(
      review.findings.filter(({ rule }) => ["identity-kept", "data-kept", "nothing-replaced"].includes(rule)),
    ).toEqual([]);
    const groups = (host: (typeof review.hosts)[number]) =>
      host.groups.map(({ group, files }) => `${group}${files.map(({ path }) => `\n      ${path}`).join("")}`);
    const lines = [
      `verdict: ${review.level}`,
      ...outcome.notices.map((notice) => `notice: ${notice}`),
      ...review.findings.map(({ level, rule, message }) => `${level} ${rule}: ${message}`),
      "engine:",
      ...sides.engine.map(({ op, name }) => `  ${op} ${name}`).sort(),
      "changes:",
      ...review.changes.map(({ op, subject, paths }) => `  ${op} ${subject.kind} ${subject.name} ${paths.join(" ")}`),
      "hosts:",
      ...review.hosts.flatMap((host) => [
        `  ${host.host}: ${host.applier ? "another applier" : "the same applier"}${host.redelivered ? `, delivered ${host.redelivered}` : ""}`,
        ...groups(host).map((group) => `    ${group}`),
      ]),
      "effects:",
      ...review.effects.map(({ sentence }) => `  ${sentence}`),
    ];
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(join(recording.directory, "review.golden.txt"));
  });

  describe.each([
    ["this project's own providers", () => ({})],
    ["providers as lax as the official ones", officialHome],
  ] as const)("can be destroyed with %s", (_, environmentIn) => {
    test("its RandomBytes included, although today's program declares none", async () => {
      const home = await mkdtemp(join(tmpdir(), "fairhost-home-"));
      await using other = await temporaryProject({}, { ...recordedStack, environment: environmentIn(home) });
      await other.configure(layOutProject(recording, other.directory));
      const file = join(other.directory, "state.json");
      type State = { deployment: { resources: { type: string; inputs?: object; outputs?: object }[] } };
      const state = JSON.parse(readFileSync(file, "utf8")) as State;
      // Its hosts have gone: what retires them (host/apply/retire.ts) would find nobody.
      for (const { inputs, outputs } of state.deployment.resources)
        for (const part of [inputs, outputs]) if (part && "create" in part) Reflect.deleteProperty(part, "delete");
      writeFileSync(file, JSON.stringify(state));
      const run = (...args: string[]) => other.pulumi(args);
      const imported = await run("stack", "import", "--file", "state.json");
      expect(imported.exitCode, imported.all).toBe(0);
      expect(state.deployment.resources.map(({ type }) => type)).toContain(secretTypes.bytes);
      const { exitCode, all } = await run("destroy", "--yes");
      expect(exitCode, all).toBe(0);
      const { stdout } = await run("stack", "export");
      const { deployment } = JSON.parse(stdout) as Partial<State>;
      expect(deployment?.resources ?? []).toEqual([]);
      await rm(home, { recursive: true });
    });
  });

  if (recording.steps.length > 0) {
    test("without the lines that the upgrade asks for nothing is deployed", async () => {
      await withInventory({ upgraded: false });
      const before = await resources();
      const refused = await reviewed();
      expect(refused).toMatchObject({ kind: "failed", why: "refused" });
      const up = await project.pulumi(["up", "--yes", "--skip-preview"]);
      expect(up.exitCode).not.toBe(0);
      for (const { file, add } of recording.steps) {
        const advice = `write \`${add}\` into ${file}`;
        expect(refused.kind === "failed" && refused.messages.join("\n")).toContain(advice);
        expect(up.all).toContain(advice);
      }
      expect(await resources()).toEqual(before);
      await withInventory({ upgraded: true });
    });
  }
});
