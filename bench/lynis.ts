/**
 * `npm run bench:lynis`: lynis's hardening index of a container with Debian's packages alone, and with a host's bundle in force and its SSH server
 * running, without and with the tests that `lynis.prf` leaves out. Prints the figures, and what costs points with the bundle; ends with 5 below 85.
 * Needs root and Debian's package mirror, from which it takes lynis.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { endings } from "../cli/exit-status.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../lab/container.ts";
import { packageMirrors } from "../lab/image/recipe.ts";
import { placeBundle, succeed } from "../testing/fakes/placed-host.ts";
import { declarationOf, staticServer } from "../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

/** Debian 13's lynis. */
const lynis = {
  path: "pool/main/l/lynis/lynis_3.1.4-1_all.deb",
  sha256: "0cc9791cdabefe427c6eaf5643d10714aa84fb27b6105ec7773391e6f513fb97",
};
const least = 85;

interface Audit {
  readonly index: number;
  /** Points that a test gave, of how many. */
  readonly points: ReadonlyMap<string, readonly [number, number]>;
}

numbersAsked({});
const response = await fetch(`${packageMirrors.debian}/${lynis.path}`);
const archive = Buffer.from(await response.arrayBuffer());
const digest = createHash("sha256").update(archive).digest("hex");
if (digest !== lynis.sha256) throw new Error(`${response.url} is not the expected file: its SHA-256 is ${digest}`);

await using host = await bootContainer({ name: "bench-lynis" });
await host.writeFile("/root/lynis.deb", archive);
await succeed(host, "dpkg -i /root/lynis.deb 2>&1 && systemctl disable --now lynis.timer 2>&1");

const bare = await audit(host);
const bundle = renderBundle(declarationOf([{ number: 1, name: "one", servers: [staticServer("web")] }]), "web1");
await placeBundle(host, bundle);
// As the applier's `init` has it (host/os/ssh/ssh-server.ts); containers of the lab have no SSH server by themselves.
await succeed(
  host,
  `ssh-keygen -A >/dev/null; rm -f /etc/systemd/system/ssh.service; mkdir -p /run/sshd
  echo 'Include /var/lib/fairhost/current/sshd/*.conf' >/etc/ssh/sshd_config.d/00-fairhost.conf
  systemctl daemon-reload && systemctl start ssh.service`,
);
const placed = await audit(host);
const parameters = bundle.groups.host!.files.find(({ path }) => path.startsWith("sysctl/"))?.content ?? "";
const ofMachine = [...parameters.matchAll(/^-?((?!net\.)[\w.-]+) =/gm)].map(
  ([, key]) => `skip-test=KRNL-6000:${key}\n`,
);
const profile = await readFile(join(import.meta.dirname, "lynis.prf"), "utf8");
// lynis reads it after its own.
await host.writeFile("/etc/lynis/custom.prf", `${profile}${ofMachine.join("")}`);
const counted = await audit(host);

console.log(`Debian's packages alone: ${bare.index}`);
console.log(`with a host's bundle: ${placed.index}; without the tests of bench/lynis.prf: ${counted.index}`);
for (const [test, [got, of]] of [...placed.points].toSorted(([, a], [, b]) => b[1] - b[0] - (a[1] - a[0])))
  if (got < of) console.log(`  ${test}: ${got} of ${of}${counted.points.has(test) ? "" : ", left out"}`);
process.exitCode = counted.index < least ? endings.failed[0] : 0;

async function audit(audited: ContainerHost): Promise<Audit> {
  const { exitCode, stderr } = await audited.run("lynis audit system --quick --quiet --no-colors", {
    timeout: 900_000,
  });
  const report = await succeed(audited, "cat /var/log/lynis-report.dat");
  const index = Number(/^hardening_index=(\d+)$/m.exec(report)?.[1]);
  if (Number.isNaN(index)) throw new Error(`lynis ended with ${exitCode} and gave no figure: ${stderr}`);
  const points = new Map<string, readonly [number, number]>();
  let test = "";
  for (const line of (await succeed(audited, "cat /var/log/lynis.log")).split("\n")) {
    test = /Performing test ID (\S+)/.exec(line)?.[1] ?? test;
    const partial = /partial number of hardening points \((\d+) of (\d+)\)/.exec(line);
    const full = /maximum number of hardening points for this item \((\d+)\)/.exec(line);
    if (!partial && !full) continue;
    const [got, of] = points.get(test) ?? [0, 0];
    points.set(test, [got + Number((partial ?? full)![1]), of + Number(partial?.[2] ?? full![1])]);
  }
  return { index, points };
}
