import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readStackConfig } from "./stack-config.ts";

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "fairhost-config-"));
});

afterEach(() => rmSync(project, { recursive: true }));

const write = (file: string, text: string) => writeFileSync(join(project, file), text);

test("paths become absolute, defaults are filled in, other settings are ignored", () => {
  write("known_hosts", "");
  write(
    "Pulumi.prod.yaml",
    `config:
  fairhost:inventory: .
  fairhost:knownHosts: known_hosts
  fairhost:cell: main
  fairhost:secretEpoch: 3
  fairhost:today: 2026-11-22
  fairhost:other: {secure: v1:abc}
`,
  );
  for (const stack of ["prod", "organization/fairhost/prod"]) {
    expect(readStackConfig(stack, project)).toEqual({
      stack: "prod",
      projectDirectory: project,
      inventory: project,
      cell: "main",
      knownHosts: join(project, "known_hosts"),
      sshUser: "root",
      sshPrivateKeyFile: undefined,
      today: "2026-11-22",
    });
  }
});

test("all problems are reported together, each with its fix", () => {
  write(
    "Pulumi.prod.yaml",
    `config:
  fairhost:knownHosts: .lab/known_hosts
  fairhost:sshUser: {secure: v1:abc}
  fairhost:sshPrivateKeyFile: nowhere
  fairhost:dnsSecrets: {A_TOKEN: {secure: v1:abc}, B_TOKEN: plain}
`,
  );
  expect(() => readStackConfig("prod", project)).toThrow(`Pulumi.prod.yaml is not complete:
  fairhost:inventory is not set: run \`pulumi config set fairhost:inventory inventory/prod\`
  fairhost:sshUser is encrypted, which is not supported: set it without --secret
  fairhost:dnsSecrets has a secret in plain text: set each with \`pulumi config set --secret --path\`, and rotate what was here
  fairhost:knownHosts: no file .lab/known_hosts: start the lab, which writes it, with \`npm run lab -- up\`
  fairhost:sshPrivateKeyFile: no file nowhere`);
});

test("what Pulumi reads as another file is refused", () => {
  write("known_hosts", "");
  const text = "config:\n  fairhost:inventory: .\n  fairhost:knownHosts: known_hosts\n";
  write("Pulumi.prod.yaml", text);
  expect(readStackConfig("prod", project).sshUser).toBe("root");
  write("Pulumi.prod.yaml", `${text}# note\r  fairhost:sshUser: mallory\n`);
  expect(() => readStackConfig("prod", project)).toThrow("line 4: a carriage return stands alone");
});

test("a missing stack, and a file that is not valid YAML", () => {
  expect(() => readStackConfig("nobody", project)).toThrow(`no such file in ${project}`);
  write("Pulumi.broken.yaml", "config: [");
  expect(() => readStackConfig("broken", project)).toThrow(
    "Pulumi.broken.yaml is not complete:\n  line 1: not valid YAML: Flow sequence",
  );
});
