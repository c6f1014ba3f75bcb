import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { type TemporaryProject, temporaryProject } from "../../testing/projects/temporary-project.ts";
import type { Twist } from "../../testing/projects/toy-program.ts";
import { changed } from "../../testing/test-rule.ts";
import { packRules } from "./judge.ts";

const policies = join(import.meta.dirname, "..");
const valid = declarationFixture();
const oneLink = changed(valid, "hosts", 0, (host) => ({ ...host, links: host.links.slice(0, 1) }));
const oneUid = changed(valid, "accounts", 1, (account) => ({ ...account, uid: 200_001, gid: 200_001 }));

describe("on the engine", () => {
  let project: TemporaryProject;

  beforeAll(async () => {
    project = await temporaryProject({});
    await rm(join(project.directory, "index.ts"));
    await symlink(
      join(import.meta.dirname, "../../testing/projects/toy-program.ts"),
      join(project.directory, "index.ts"),
    );
  });
  afterAll(() => project[Symbol.asyncDispose]());

  async function run(args: readonly string[], declaration: Declaration, twist: Twist = "none") {
    await writeFile(join(project.directory, "toy.json"), JSON.stringify({ declaration, twist }));
    const { exitCode, all } = await project.pulumi([...args, "--policy-pack", policies]);
    return { failed: exitCode !== 0, output: all.replace(/\s+/g, " ") };
  }

  async function resources(): Promise<string[]> {
    const { stdout } = await project.pulumi(["stack", "export"]);
    const { deployment } = JSON.parse(stdout) as { deployment: { resources?: { type: string }[] } };
    return (deployment.resources ?? []).map(({ type }) => type).filter((type) => type.startsWith("fairhost:"));
  }

  test.each([
    [
      "a rule about one resource",
      oneLink,
      "none",
      [
        "[mandatory] two-links-to-two-switches (fairhost:host:BareMetalHost: h1)",
        "Host h1 has one link (eth0 to sw1).",
        "Why: With only one link, port or switch, the host and all its accounts lose the network when it fails.",
        "Fix: Connect a second port of the host to another switch and list both under `links`.",
        "See: docs/reference/rules.md#two-links-to-two-switches",
      ],
    ],
    [
      "a rule about the stack",
      oneUid,
      "none",
      [
        "[mandatory] unique-uid (fairhost:account:AccountContainer: account-2)",
        "Account 2 has uid 200001, the same as account 1.",
        "Why: The uid separates accounts",
        "Fix: Give each account its own `number`",
      ],
    ],
    [
      "an unknown value",
      valid,
      "unknown-input",
      [
        "[mandatory] readable-inputs (fairhost:host:BareMetalHost: h1)",
        "h1: Property rack is unknown before the update, so no rule can judge it.",
        "[mandatory] readable-outputs (fairhost:host:BareMetalHost: h1)",
      ],
    ],
    [
      "an account without the engine's protection",
      valid,
      "unprotected",
      ["account-protected (fairhost:account:AccountContainer: account-1)"],
    ],
    [
      "a command without a host key",
      valid,
      "unpinned-command",
      [
        "host-key-pinned (command:remote:Command: unpinned)",
        "Command unpinned has no hostKey in its connection.",
        "known-resource-types (command:remote:Command: unpinned)",
        "Resource unpinned of type command:remote:Command is none of those that deliver to a host or router.",
      ],
    ],
    [
      "a resource of another kind",
      valid,
      "foreign-resource",
      [
        "known-resource-types (elsewhere:index:Thing: stranger)",
        "Resource stranger is of the unregistered type elsewhere:index:Thing.",
      ],
    ],
  ] as const)("%s: up is refused in its preview, nothing is made", async (_, declaration, twist, expected) => {
    const up = await run(["up", "--yes"], declaration, twist);
    expect(up.failed).toBe(true);
    for (const text of expected) expect(up.output).toContain(text);
    expect(up.output).not.toContain("[advisory]");
    expect(up.output).not.toContain("open-sesame");
    expect(up.output).not.toContain("Updating");
    expect(await resources()).toEqual([]);
  });

  test("a preview is refused too", async () => {
    const preview = await run(["preview"], oneLink);
    expect(preview.failed).toBe(true);
    expect(preview.output).toContain("[mandatory] two-links-to-two-switches");
  });

  test("a resource's rule holds with --skip-preview too", async () => {
    const up = await run(["up", "--yes", "--skip-preview"], { ...oneLink, hosts: oneLink.hosts.slice(0, 1) });
    expect(up.failed).toBe(true);
    expect(up.output).toContain("two-links-to-two-switches");
    expect(await resources()).not.toContain("fairhost:host:BareMetalHost");
  });

  test("a valid stack passes, and again without a change", async () => {
    const up = await run(["up", "--yes"], valid);
    expect(up).toMatchObject({ failed: false });
    expect(await resources()).toHaveLength(Object.values(valid).flat().length);
    const again = await run(["preview", "--expect-no-changes"], valid);
    expect(again).toMatchObject({ failed: false });
    expect(again.output).toContain("fairhost");
  });
});

/** The official `pulumi-analyzer-policy` is a script that starts this module of the SDK. */
test("the SDK's own policy runtime serves every rule under its name, mandatory", async () => {
  const require = createRequire(import.meta.url);
  const { AnalyzerClient } = require("@pulumi/pulumi/proto/analyzer_grpc_pb");
  const { Empty } = require("google-protobuf/google/protobuf/empty_pb");
  const runtime = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
  const pack = spawn(process.execPath, [runtime, "127.0.0.1:1", "."], {
    cwd: policies,
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const [port] = await once(createInterface(pack.stdout), "line");
    const client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const { name, policiesList } = await new Promise<{ name: string; policiesList: object[] }>((resolve, reject) => {
      client.getAnalyzerInfo(new Empty(), (error: Error | null, info: { toObject(): never }) =>
        error ? reject(error) : resolve(info.toObject()),
      );
    });
    client.close();
    expect(name).toBe("fairhost");
    const mandatory = 1;
    expect(policiesList).toMatchObject(
      packRules.map((rule) => ({
        name: rule.name,
        description: rule.description,
        enforcementlevel: mandatory,
        remediationSteps: rule.fix,
        url: `docs/reference/rules.md#${rule.name}`,
      })),
    );
  } finally {
    pack.kill();
  }
});
