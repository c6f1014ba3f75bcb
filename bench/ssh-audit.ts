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
import { numbersAsked } from "./measure/numbers-asked.ts";

const sshAudit = {
  package: "ssh-audit==3.9.0",
  file: "ssh_audit-3.9.0-py3-none-any.whl",
  sha256: "3dad48d4678e0de31f6332cc7674f9d7dd1805f86babf3796f41c2fd879cb812",
};

/** Warnings that docs/decisions/0061-algorithms-are-taken-away.md has a reason for. */
const exchanges = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
const argued = { host: exchanges, account: [...exchanges, "hmac-sha2-256", "hmac-sha2-512"] };

/** Of its JSON what is judged: what it says of each algorithm, and vulnerabilities of the version. */
type Report = Readonly<Record<"kex" | "key" | "enc" | "mac", readonly Algorithm[]>> & {
  readonly cves: readonly unknown[];
};
interface Algorithm {
  readonly algorithm: string;
  readonly notes: { readonly fail?: readonly string[]; readonly warn?: readonly string[] };
}

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

/**
 * Prints what is found. Rates are not tried: the firewall has them, and does not see what comes from the machine itself.
 * @returns what nobody has argued
 */
async function audit(address: string, port: number, name: string, arguable: readonly string[] = []): Promise<string[]> {
  const command = `PYTHONPATH=/root/ssh-audit.whl python3 -m ssh_audit --json --skip-rate-test --port ${port} ${address}`;
  // Its status says what it has found.
  const { stdout, stderr } = await host.run(command);
  if (!stdout.startsWith("{")) throw new Error(`ssh-audit says nothing of ${name}: ${stdout}${stderr}`);
  const { cves, ...report } = JSON.parse(stdout) as Report;
  const algorithms = [...report.kex, ...report.key, ...report.enc, ...report.mac];
  const failures = algorithms.flatMap(({ algorithm, notes: { fail = [] } }) =>
    fail.map((why) => `failure: ${algorithm}: ${why}`),
  );
  const warnings = algorithms.flatMap(({ algorithm, notes: { warn = [] } }) => warn.map((why) => ({ algorithm, why })));
  const unargued = [
    ...cves.map((cve) => `vulnerability: ${JSON.stringify(cve)}`),
    ...failures,
    ...warnings
      .filter(({ algorithm }) => !arguable.includes(algorithm))
      .map(({ algorithm, why }) => `warning: ${algorithm}: ${why}`),
  ];
  console.log(
    `${name}: ${algorithms.length} algorithms, ${failures.length} failures, ${warnings.length} warnings, ${unargued.length} of both not argued`,
  );
  for (const line of unargued) console.log(`  ${line}`);
  return unargued;
}
