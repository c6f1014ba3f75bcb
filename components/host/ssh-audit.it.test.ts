import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { sshHostKey } from "../../host/store/secrets.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { keygen } from "../../testing/fakes/ssh/sshd.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { argued, auditSsh, installSshAudit } from "../../testing/ssh-audit.ts";

/** What ssh-audit finds at the SSH servers of a host and of an account. */
let host: ContainerHost;

beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-ssh-audit-"));
  const keys = [keygen(directory, "ada").publicKey.trim()];
  rmSync(directory, { recursive: true });
  host = await bootContainer({ name: "ssh-audit" });
  await installSshAudit(host);
  const users = [{ name: "ada", directory: ".", protocols: ["ssh"], keys }] as const;
  await placeBundle(host, renderBundle(declarationOf([{ number: 1, name: "alice", users }]), "web1"));
  await host.writeFile("/var/lib/fairhost/secrets/ssh/1", sshHostKey(Buffer.alloc(32, 7), 1, 1), 0o400);
  // Containers of the lab have no SSH server by themselves.
  await succeed(
    host,
    `ssh-keygen -A >/dev/null; rm -f /etc/systemd/system/ssh.service; mkdir -p /run/sshd; ip address add fd00:8000::11/128 dev lo
    systemctl daemon-reload && systemctl start ssh.service`,
  );
}, 300_000);
afterAll(() => host?.stop());

const ofHost = () => auditSsh(host, "fd00:8000::11", 22, argued.host);

test("a host with its declared settings has no failure, and no warning without a reason; with Debian's it has", async () => {
  const before = await ofHost();
  expect(before.failures.join("\n")).toMatch(/ecdh-sha2-nistp256/);
  expect(before.warnings.join("\n")).toMatch(/hmac-sha2-256:/);
  expect(before.unargued.length).toBeGreaterThan(5);
  // As the applier's `init` has it (host/os/ssh/ssh-server.ts).
  await succeed(
    host,
    "echo 'Include /var/lib/fairhost/current/sshd/*.conf' >/etc/ssh/sshd_config.d/00-fairhost.conf && systemctl restart ssh.service",
  );
  expect((await ofHost()).unargued).toEqual([]);
}, 300_000);

test("an account has no failure, and no warning without a reason", async () => {
  const { algorithms, unargued } = await auditSsh(host, "fd00:8000:0:1::1", 8022, argued.account);
  expect(algorithms).toBeGreaterThan(5);
  expect(unargued).toEqual([]);
}, 300_000);

test("each algorithm that is let through is in the decision that has its reason", () => {
  const decision = readFileSync(
    join(import.meta.dirname, "../../docs/decisions/0061-algorithms-are-taken-away.md"),
    "utf8",
  );
  expect(decision).toMatch(/Plain Curve25519 stays/);
  for (const mac of argued.account.filter((name) => name.startsWith("hmac"))) expect(decision).toContain(`\`${mac}\``);
});
