import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fakeSsh } from "../../testing/fakes/ssh/fake-ssh.ts";
import { type SshTarget, sshRun } from "./ssh.ts";

const target: SshTarget = {
  name: "web1",
  address: "fd00:8000::11",
  port: 2201,
  user: "root",
  knownHosts: "/pinned/known hosts",
};

test("one connection: pinned keys only, no configuration files, input travels on standard input", async () => {
  using ssh = fakeSsh('printf "%s\\n" "$@" >$here/arguments; cat; echo oops >&2; exit 3');
  const result = await sshRun(target, ["fairhost-host", "inspect"], { stdin: "a secret" });
  expect(result).toEqual({ stdout: "a secret", stderr: "oops\n", exitCode: 3 });
  expect(readFileSync(join(ssh.directory, "arguments"), "utf8").split("\n")).toEqual([
    ...["-F", "/dev/null", "-T"],
    ...[
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      'UserKnownHostsFile="/pinned/known hosts"',
      "GlobalKnownHostsFile=/dev/null",
      "UpdateHostKeys=no",
      "ConnectTimeout=15",
      "ServerAliveInterval=10",
      "ServerAliveCountMax=3",
      "ForwardAgent=no",
      "LogLevel=ERROR",
    ].flatMap((setting) => ["-o", setting]),
    ...["-p", "2201", "-l", "root", "fd00:8000::11", "--", "fairhost-host inspect", ""],
  ]);
});

test("a key file, if given, is the only identity", async () => {
  using ssh = fakeSsh('printf "%s " "$@" >$here/arguments');
  await sshRun({ ...target, privateKeyFile: "/keys/id" }, ["true"]);
  expect(readFileSync(join(ssh.directory, "arguments"), "utf8")).toMatch(/-i \/keys\/id .*-o IdentitiesOnly=yes /);
});

test("a command that needs quoting is refused", async () => {
  await expect(sshRun(target, ["echo", "a; b"])).rejects.toThrow('"a; b" would need quoting in a shell');
});

const where = "web1 (fd00:8000::11 port 2201)";
const pin =
  "compare the key on its console, then add the line of `ssh-keyscan -p 2201 -t ed25519 fd00:8000::11` to /pinned/known hosts";

test.each([
  [
    "connect to host x port 1: Connection refused",
    "refused",
    `${where} refuses connections: check that sshd runs there`,
  ],
  [
    "connect to host x: Connection timed out",
    "timed-out",
    `${where} does not answer: check that it is up and reachable`,
  ],
  [
    "Could not resolve hostname x",
    "unreachable",
    `${where} cannot be reached (Could not resolve hostname x): check its address in the inventory`,
  ],
  [
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
    "host-key-changed",
    `${where} has another host key than the pinned one; nothing was sent: if the host was reinstalled, ${pin}`,
  ],
  [
    "No ED25519 host key is known for x\nHost key verification failed.",
    "host-key-unknown",
    `${where} has no pinned host key; nothing was sent: ${pin}`,
  ],
  [
    "root@x: Permission denied (publickey).",
    "login-refused",
    `${where} refuses the SSH login of root: check fairhost:sshUser, and fairhost:sshPrivateKeyFile or the SSH agent`,
  ],
  ["Connection closed by x", "lost", `${where} closed or lost the connection (Connection closed by x): try again`],
])("%s", async (words, reason, message) => {
  using _ssh = fakeSsh(`printf '%s\\n' '${words}' >&2; exit 255`);
  await expect(sshRun(target, ["true"])).rejects.toMatchObject({ host: "web1", reason, message });
});

test("a host that does not answer has a timeout", async () => {
  using _ssh = fakeSsh("exec sleep 60");
  await expect(sshRun(target, ["true"], { seconds: 0.2 })).rejects.toMatchObject({
    reason: "timed-out",
    message: `${where} did not answer within 0.2 s: it may be overloaded; try again`,
  });
});
