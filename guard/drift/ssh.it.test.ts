import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SimulatedHost, simulatedHost } from "../../testing/fakes/simulated-host.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { inspectHosts } from "./inspect-hosts.ts";
import { type SshTarget, sshRun } from "./ssh.ts";

/** The error messages of a real OpenSSH. */
let host: SimulatedHost;
let directory: string;
let target: SshTarget;

const at = (name: string) => join(directory, name);
const command = ["/usr/local/sbin/fairhost-host", "status", "--json"];

beforeAll(async () => {
  host = await simulatedHost();
  directory = await mkdtemp(join(tmpdir(), "fairhost-ssh-"));
  await writeFile(at("known hosts"), host.knownHosts);
  await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at("stranger")]);
  target = {
    name: "web1",
    address: "127.0.0.1",
    port: host.port,
    user: "root",
    knownHosts: at("known hosts"),
    privateKeyFile: host.privateKeyFile,
  };
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  if (directory) await rm(directory, { recursive: true });
});

const reason = (change: Partial<SshTarget>) =>
  sshRun({ ...target, ...change }, command).then(
    () => "answered",
    (error: { reason: string }) => error.reason,
  );

test("a host that was never deployed lacks every group of its bundle; inspecting writes nothing", async () => {
  const declaration = declarationOf([{ number: 1, name: "alice" }]);
  const [result] = await inspectHosts(declaration, [target]);
  expect(result).toMatchObject({
    host: "web1",
    differences: [
      { group: "host", kind: "generation-outdated" },
      { group: "account-1", kind: "generation-outdated" },
    ],
  });
  expect(existsSync(join(host.root, "var"))).toBe(false);
});

test("each kind of failure is recognized", async () => {
  const other = host.knownHosts.replace(/AAAA\S+/, (await execa("cat", [at("stranger.pub")])).stdout.split(" ")[1]!);
  await writeFile(at("other"), other);
  await writeFile(at("empty"), "");
  expect(await reason({})).toBe("answered");
  expect(await reason({ knownHosts: at("other") })).toBe("host-key-changed");
  expect(await reason({ knownHosts: at("empty") })).toBe("host-key-unknown");
  expect(await reason({ privateKeyFile: at("stranger") })).toBe("login-refused");
  expect(await reason({ port: 9 })).toBe("refused");
});
