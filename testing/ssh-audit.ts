import { createHash } from "node:crypto";
import type { ContainerHost } from "../lab/container.ts";
import { packageMirrors } from "../lab/image/recipe.ts";
import { succeed } from "./fakes/placed-host.ts";

/** Debian 13's ssh-audit. It needs Python alone. */
const sshAudit = {
  path: "pool/main/s/ssh-audit/ssh-audit_3.3.0-2_all.deb",
  sha256: "5a0fde3b33d133f72624d32ce9a9c165afebd74f3c729fd91de9288aabc0cd45",
};

const exchanges = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
/** Algorithms whose warnings docs/decisions/0061-algorithms-are-taken-away.md has a reason for, at the servers of a host and of an account. */
export const argued = { host: exchanges, account: [...exchanges, "hmac-sha2-256", "hmac-sha2-512"] } as const;

/** Of its JSON what is judged: what it says of each algorithm, and vulnerabilities of the version. */
type Report = Readonly<Record<"kex" | "key" | "enc" | "mac", readonly Algorithm[]>> & {
  readonly cves?: readonly unknown[];
};
interface Algorithm {
  readonly algorithm: string;
  readonly notes: { readonly fail?: readonly string[]; readonly warn?: readonly string[] };
}

export interface SshAudit {
  readonly algorithms: number;
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  /** Failures, known vulnerabilities, and warnings of algorithms that nobody has argued. */
  readonly unargued: readonly string[];
}

/** Brings ssh-audit from Debian's mirror into a container. */
export async function installSshAudit(host: ContainerHost): Promise<void> {
  const response = await fetch(`${packageMirrors.debian}/${sshAudit.path}`);
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
  const archive = Buffer.from(await response.arrayBuffer());
  const digest = createHash("sha256").update(archive).digest("hex");
  if (digest !== sshAudit.sha256) throw new Error(`${response.url} is not the expected file: its SHA-256 is ${digest}`);
  await host.writeFile("/root/ssh-audit.deb", archive);
  await succeed(host, "dpkg -i /root/ssh-audit.deb 2>&1");
}

/** Audits an SSH server from inside the container; `command` is another ssh-audit than that of {@link installSshAudit}. Rates are not tried: the firewall has them, and does not see what comes from the machine itself. */
export async function auditSsh(
  host: ContainerHost,
  address: string,
  port: number,
  arguable: readonly string[] = [],
  command = "ssh-audit",
): Promise<SshAudit> {
  // Its status says what it has found.
  const { stdout, stderr } = await host.run(`${command} --json --skip-rate-test --port ${port} ${address}`);
  if (!stdout.startsWith("{")) throw new Error(`ssh-audit says nothing of ${address}: ${stdout}${stderr}`);
  const { cves = [], ...report } = JSON.parse(stdout) as Report;
  const algorithms = [...report.kex, ...report.key, ...report.enc, ...report.mac];
  const notes = (level: "fail" | "warn", word: string) =>
    algorithms.flatMap(({ algorithm, notes }) =>
      (notes[level] ?? []).map((why) => ({ algorithm, line: `${word}: ${algorithm}: ${why}` })),
    );
  const [failures, warnings] = [notes("fail", "failure"), notes("warn", "warning")];
  return {
    algorithms: algorithms.length,
    failures: failures.map(({ line }) => line),
    warnings: warnings.map(({ line }) => line),
    unargued: [
      ...cves.map((cve) => `vulnerability: ${JSON.stringify(cve)}`),
      ...failures.map(({ line }) => line),
      ...warnings.filter(({ algorithm }) => !arguable.includes(algorithm)).map(({ line }) => line),
    ],
  };
}
