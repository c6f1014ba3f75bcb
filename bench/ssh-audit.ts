/**
 * `npm run bench:ssh-audit`: what ssh-audit finds at a host's SSH server with Debian's own settings, at the same with a host's bundle in force, and at
 * that of an account. Prints it; with the bundle ends with 5 for a failure, a known vulnerability, and a warning that decision 61 does not argue. Needs
 * root, and pip, which brings ssh-audit from PyPI.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { endings } from "../cli/exit-status.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { sshHostKey } from "../host/store/secrets.ts";
import { bootContainer } from "../lab/container.ts";
import { placeBundle, succeed } from "../testing/fakes/placed-host.ts";
import { keygen } from "../testing/fakes/ssh/sshd.ts";
import { declarationOf } from "../testing/fixtures/bundle-fixture.ts";
import { argued, auditSsh } from "../testing/ssh-audit.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const sshAudit = {
  package: "ssh-audit==3.9.0",
  file: "ssh_audit-3.9.0-py3-none-any.whl",
  sha256: "3dad48d4678e0de31f6332cc7674f9d7dd1805f86babf3796f41c2fd879cb812",
};

/** The newest one, which warns of more than Debian's (testing/ssh-audit.ts). */
const command = "PYTHONPATH=/root/ssh-audit.whl python3 -m ssh_audit";

numbersAsked({});
const directory = mkdtempSync(join(tmpdir(), "fairhost-ssh-audit-"));
await execa(
  "sh",
  [
    "-euc",
    `echo '${sshAudit.package} --hash=sha256:${sshAudit.sha256}' >wanted
pip download --quiet --no-deps --require-hashes --dest . --requirement wanted`,
  ],
  { cwd: directory },
);
const wheel = readFileSync(join(directory, sshAudit.file));
const keys = [keygen(directory, "ada").publicKey.trim()];
rmSync(directory, { recursive: true });

await using host = await bootContainer({ name: "bench-ssh-audit" });
const users = [{ name: "ada", directory: ".", protocols: ["ssh"], keys }] as const;
await placeBundle(host, renderBundle(declarationOf([{ number: 1, name: "alice", users }]), "web1"));
await host.writeFile("/var/lib/fairhost/secrets/ssh/1", sshHostKey(Buffer.alloc(32, 7), 1, 1), 0o400);
await host.writeFile("/root/ssh-audit.whl", wheel);
// Containers of the lab have no SSH server by themselves.
await succeed(
  host,
  `ssh-keygen -A >/dev/null; rm -f /etc/systemd/system/ssh.service; mkdir -p /run/sshd; ip address add fd00:8000::11/128 dev lo
  systemctl daemon-reload && systemctl start ssh.service`,
);
await audit("fd00:8000::11", 22, "a host with Debian's own settings");
// As the applier's `init` has it (host/os/ssh/ssh-server.ts).
await succeed(
  host,
  `echo 'Include /var/lib/fairhost/current/sshd/*.conf' >/etc/ssh/sshd_config.d/00-fairhost.conf && systemctl restart ssh.service`,
);
const found = [
  ...(await audit("fd00:8000::11", 22, "a host", argued.host)),
  ...(await audit("fd00:8000:0:1::1", 8022, "an account", argued.account)),
];
process.exitCode = found.length > 0 ? endings.failed[0] : 0;

/** Prints what is found. @returns what nobody has argued */
async function audit(
  address: string,
  port: number,
  name: string,
  arguable: readonly string[] = [],
): Promise<readonly string[]> {
  const { algorithms, failures, warnings, unargued } = await auditSsh(host, address, port, arguable, command);
  console.log(
    `${name}: ${algorithms} algorithms, ${failures.length} failures, ${warnings.length} warnings, ${unargued.length} of both not argued`,
  );
  for (const line of unargued) console.log(`  ${line}`);
  return unargued;
}
