/**
 * `npm run bench:tls`: testssl.sh grades HTTPS of the front end, with certificates of a CA, as Qualys' SSL Server Rating Guide does: a web site with HSTS, and one without.
 * Prints each grade, and what testssl.sh says lowers it. Ends with 5 if a grade is not A or better. testssl.sh comes from Debian's packages; client simulation, which takes minutes and
 * counts nothing, is left out. Needs root.
 */
import Table from "cli-table3";
import { execa } from "execa";
import { z } from "zod";
import { endings } from "../../cli/exit-status.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer } from "../../lab/container.ts";
import { Ca, withCertificates } from "../../testing/acme-ca.ts";
import { installApplication, packageFiles } from "../../testing/applications/install.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";

numbersAsked({});
const packages = await installApplication({
  name: "testssl",
  from: { registry: "debian", packages: ["testssl.sh", "bind9-dnsutils", "bsdextrautils"] },
});

const names = { "hsts.test": "HTTPS only, with HSTS", "plain.test": "HTTPS as declared by default" } as const;
const servers = [
  { ...staticServer("hsts"), https: true, httpsOnly: true, hstsSeconds: 31_536_000, hostnames: ["hsts.test"] },
  { ...staticServer("plain"), https: true, hostnames: ["plain.test"] },
];

await using ca = await Ca.make();
await using host = await bootContainer({ name: "bench-tls" });
const sh = (command: string) => succeed(host, command);
await execa("cp", ["-t", `/proc/${host.netnsPid}/root/run`, ...(await packageFiles(packages))]);
await sh("dpkg --install /run/*.deb 2>&1 && rm /run/*.deb");
await ca.trustedBy(host);
await ca.start(host);
await placeBundle(host, renderBundle(withCertificates([{ number: 1, name: "alice", servers }]), "web1"));
await host.writeFile("/srv/accounts/1/home/www/index.html", "x".repeat(1000));
// Waits for the run that is still going.
await host.run("systemctl start fairhost-certificates.service", { timeout: 120_000 });
await sh(`echo ::1 ${Object.keys(names).join(" ")} >>/etc/hosts`);
await sh(
  Object.keys(names)
    .map((name) => `until curl -sf --cacert /root/roots.pem -o /dev/null https://${name}/; do sleep 0.1; done`)
    .join("\n"),
);

/** What the grade is made of: every section but client simulation. */
const sections = "--protocols --std --fs --server-preference --server-defaults --headers --vulnerable --each-cipher";
const finding = z.looseObject({ id: z.string(), severity: z.string(), finding: z.string() });
let missed = false;
const table = new Table({
  head: ["web site", "grade", "points of 100", "lowered by; what else testssl.sh warns of"],
  colWidths: [30, 8, 10, 90],
  wordWrap: true,
});
for (const [name, title] of Object.entries(names)) {
  const file = `/root/${name}.json`;
  const { stdout, exitCode } = await host.run(
    `testssl --color 0 --quiet --warnings off --nodns none -6 --ip '[::1]' --add-ca /root/roots.pem ${sections} --jsonfile ${file} https://${name}/`,
    { timeout: 1_200_000 },
  );
  console.error(stdout);
  const found = z.array(finding).parse(JSON.parse(await sh(`cat ${file}`)));
  const grade = found.find(({ id }) => id === "overall_grade")?.finding;
  if (!grade) throw new Error(`testssl.sh ended with ${exitCode} and gave ${name} no grade`);
  missed ||= !["A", "A+"].includes(grade);
  const lowered = found.filter(
    ({ id, severity }) => id.startsWith("grade_cap_reason") || ["MEDIUM", "HIGH", "CRITICAL"].includes(severity),
  );
  table.push([
    title,
    grade,
    found.find(({ id }) => id === "final_score")?.finding ?? "",
    lowered.map(({ id, severity, finding }) => `${severity} ${id}: ${finding}`).join("\n"),
  ]);
}
console.log(table.toString());
if (missed) process.exitCode = endings.failed[0];
