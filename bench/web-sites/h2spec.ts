/**
 * `npm run bench:h2spec`: the cases of h2spec, a test of HTTP/2 conformance, against the front end over TLS, with a static web site behind it. Prints how many
 * pass, and those that fail, each with the reason why that is accepted (decision 72). Ends with 5 if a case fails that has no reason. Installs h2spec into the cache, once. Needs root and go.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Table from "cli-table3";
import { endings } from "../../cli/exit-status.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer } from "../../lab/container.ts";
import { withCertificates } from "../../testing/acme-ca.ts";
import { installApplication } from "../../testing/applications/install.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";
import { accepted } from "./h2spec/accepted.ts";

numbersAsked({});
const version = "v2.2.1+incompatible";
const directory = await installApplication({
  name: `h2spec-${version}`,
  from: { registry: "go", packages: [`github.com/summerwind/h2spec/cmd/h2spec@${version}`], program: "h2spec" },
});

await using host = await bootContainer({ name: "bench-h2spec" });
const sh = (command: string) => succeed(host, command);
const site = { ...staticServer("web"), https: true, hostnames: ["alice.test"] };
await placeBundle(host, renderBundle(withCertificates([{ number: 1, name: "alice", servers: [site] }]), "web1"));
await host.writeFile("/srv/accounts/1/home/www/index.html", "x".repeat(1000));
await host.writeFile("/root/h2spec", await readFile(join(directory, "bin/h2spec")), 0o755);
await sh("echo ::1 alice.test >>/etc/hosts");
// The certificate is one that nobody trusts, which stands until the CA has issued another.
await sh(
  "until curl -skf --http2 -o /dev/null -w '%{http_version}' https://alice.test/ | grep -qx 2; do sleep 0.1; done",
);
const { stdout } = await host.run("/root/h2spec -t -k -h alice.test -p 443 -o 5 -j /root/report.xml", {
  timeout: 600_000,
});
console.error(stdout);

const plain = (text: string) => text.replaceAll("&#34;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");
const titleOf = (section: string, title: string) => `${section}: ${title}`;
const report = await sh("cat /root/report.xml");
const cases = [...report.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g)].map(
  ([, section, title, result]) => ({ title: titleOf(section!, plain(title!)), passed: result!.trim() === "" }),
);
// A report that is read wrongly, or one of a run that was cut short, must not pass for a good one.
const [, total, said] = /^(\d+) tests, (\d+) passed, 0 skipped, \d+ failed$/m.exec(stdout) ?? [];
const passed = cases.filter((one) => one.passed).map(({ title }) => title);
if (Number(total) !== cases.length || Number(said) !== passed.length)
  throw new Error(`h2spec speaks of ${said} of ${total} cases, its report of ${passed.length} of ${cases.length}`);

const reasons = new Map(
  accepted.flatMap(({ reason, cases: sections }) =>
    Object.entries(sections).flatMap(([section, titles]) =>
      titles.map((title) => [titleOf(section, title), reason] as const),
    ),
  ),
);
const failed = cases.filter((one) => !one.passed).map(({ title }) => title);
const table = new Table({ head: ["fails", "accepted because"], colWidths: [70, 80], wordWrap: true });
for (const title of failed) table.push([title, reasons.get(title) ?? "NOT ACCEPTED"]);
if (failed.length > 0) console.log(table.toString());
const unexpected = failed.filter((title) => !reasons.has(title));
const names = new Set(failed);
const stale = [...reasons.keys()].filter((title) => !names.has(title));
for (const title of stale) console.log(`No longer fails, take it out of the list: ${title}`);
console.log(`${passed.length} of ${cases.length} cases pass; ${unexpected.length} fail without a reason`);
if (unexpected.length > 0) process.exitCode = endings.failed[0];
