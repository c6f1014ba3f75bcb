import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashPassword } from "../../cli/password.ts";
import { certificates } from "../../delivery/protocol/certificates.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { keygen } from "../../testing/fakes/ssh/sshd.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";

/** What a deploy does to who is logged in, by the real applier. The relay is reached from the host itself, at its own port. */
const directory = mkdtempSync(join(tmpdir(), "fairhost-deploy-access-"));
const key = keygen(directory, "ada");
const password = "correct horse battery";
const passwordHash = await hashPassword(password);
const ada = { name: "ada", directory: ".", protocols: ["ssh"], keys: [key.publicKey.trim()] } as const;
const pat = { name: "pat", directory: ".", protocols: ["ssh"], keys: [], passwordHash } as const;
const drop = { name: "drop", directory: ".", protocols: ["sftp"], keys: [key.publicKey.trim()] } as const;
const box = { name: "box", directory: ".", protocols: ["ftps"], keys: [], passwordHash } as const;
const bundle = (...users: (typeof ada | typeof pat | typeof drop | typeof box)[]) =>
  renderBundle(declarationOf([{ number: 1, name: "alice", users }]), "web1");
const settings = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 -p 8022";
const address = "fd00:8000:0:1::1";
const soon = { timeout: 60_000, interval: 500 };

let on: AppliedHost;
const byKey = (command: string) =>
  on.host.run(["sh", "-c", `ssh ${settings} -o BatchMode=yes -i /root/ada ada@${address} ${command} </dev/null`]);
const byPassword = () =>
  on.host.run([
    "sh",
    "-c",
    `SSH_ASKPASS=/root/ask SSH_ASKPASS_REQUIRE=force ssh ${settings} -o NumberOfPasswordPrompts=1 pat@${address} id -un </dev/null`,
  ]);
const session = () => on.states("session.service");

beforeAll(async () => {
  on = await appliedHost("deploy-access");
  const { report, stderr } = await on.apply(bundle(ada, pat, drop, box));
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  await on.host.writeFile("/root/ada", key.privateKey, 0o600);
  await on.host.writeFile("/root/ask", `#!/bin/sh\necho '${password}'\n`, 0o755);
}, 300_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await on?.[Symbol.asyncDispose]();
});

test("users log in by key and by password, and what lets them in is no drift", async () => {
  expect([(await byKey("id -un")).stdout, (await byPassword()).stdout]).toEqual(["a1\n", "a1\n"]);
  const { stdout } = await on.host.run("fairhost-host inspect --json </dev/null");
  const { differences } = JSON.parse(stdout) as { differences: { group: string; message: string }[] };
  expect(differences.filter(({ group, message }) => group !== "host" || /access|password|sftp/.test(message))).toEqual(
    [],
  );
});

test("FTPS needs a certificate, and who is removed is logged out and finds nothing", async () => {
  const login = () =>
    on.host.run(
      `curl -sS -k -g --ssl-reqd --max-time 60 -u 'box:${password}' -l 'ftp://[${address}]/' -Q NOOP </dev/null; echo $?`,
    );
  expect((await login()).stdout).toBe("64\n");
  await on.shell(`mkdir -p ${certificates} && cd ${certificates} &&
    openssl req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=nobody -keyout key -out cert 2>/dev/null && cat key cert >default.pem`);
  expect((await login()).stdout).toMatch(/^there\n|admin\n/m);
  await on.shell(
    `systemd-run --quiet --unit=ftps sh -c "{ printf 'AUTH TLS\\r\\n'; sleep 1000; } | openssl s_client -quiet -starttls ftp -connect '[${address}]:21'"`,
  );
  const sessions = () =>
    on.shell("systemctl list-units --plain --no-legend --state=active 'fairhost-ftps-1@*' | wc -l");
  await expect.poll(sessions, soon).toBe("1");
  await on.apply(bundle(ada, pat, drop));
  await expect.poll(sessions, soon).toBe("0");
  expect((await login()).stdout).toBe("7\n");
  expect(await on.shell("ls /run/fairhost-ftps; nft list set inet fairhost ports_ftps | grep elements || true")).toBe(
    "",
  );
});

test("a configuration that sshd refuses is found before the switch: the account keeps the old one, and its users", async () => {
  const good = bundle(ada, pat, drop);
  const group = good.groups["account-1"]!;
  const files = group.files.map((file) =>
    file.path === "access/1/sshd.conf" ? { ...file, content: `${file.content}PermitTTY maybe\n` } : file,
  );
  const bad = sealBundle("web1", { ...good.groups, "account-1": sealGroup({ ...group, files }) });
  const { report } = await on.apply(bad);
  expect(report).toMatchObject({ result: "partial", errors: [{ group: "account-1", path: "access/1/sshd.conf" }] });
  expect(report.errors[0]!.message).toContain('unsupported option "maybe"');
  expect((await byKey("id -un")).stdout).toBe("a1\n");
});

test("a user who is removed is logged out by the deploy, and cannot come back; the one who stays can", async () => {
  await on.shell(
    `systemd-run --quiet --unit=session ssh ${settings} -o BatchMode=yes -i /root/ada ada@${address} 'echo in >there; exec sleep 1000'`,
  );
  await expect.poll(() => on.host.run("cat /srv/accounts/1/home/there"), soon).toMatchObject({ stdout: "in\n" });
  expect(await session()).toEqual(["active"]);
  const { report, stderr } = await on.apply(bundle(pat));
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  await expect.poll(session, soon).not.toEqual(["active"]);
  await expect.poll(() => on.host.run("pgrep -u a1 sleep"), soon).toMatchObject({ stdout: "" });
  expect((await byKey("id -un")).stderr).toContain("Permission denied");
  expect((await byPassword()).stdout).toBe("a1\n");
  // Of users with files alone nothing is left.
  expect(await on.shell("find /run/fairhost-sftp /var/lib/fairhost/current/systemd -name '*sftp@*' -o -name 1")).toBe(
    "",
  );
});

test("without passwords none is asked for, and no hash is left on the host outside of older generations", async () => {
  await on.apply(bundle(ada));
  expect((await byPassword()).stderr).toContain("Permission denied (publickey).");
  expect(
    await on.shell("find /run/fairhost-password /var/lib/fairhost/current/access -name passwords -o -type s"),
  ).toBe("");
});
