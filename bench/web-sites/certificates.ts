/**
 * `npm run bench:certificates`: a host with 100 names of 20 accounts, of which one has no certificate to get, and pebble as its CA. Prints how long the one run takes that
 * gets them, of which processor time. Ends with 5 if another name has none, or if that one is not named in its account's log. Needs root.
 */
import { endings } from "../../cli/exit-status.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer } from "../../lab/container.ts";
import { Ca, withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";

numbersAsked({});
const bad = "n2-account7.test";
const accounts = Array.from({ length: 20 }, (_, index) => ({
  number: index + 1,
  name: `account${index + 1}`,
  servers: [
    { ...staticServer("web"), https: true, hostnames: [1, 2, 3, 4, 5].map((n) => `n${n}-account${index + 1}.test`) },
  ],
}));
const names = accounts.flatMap(({ servers }) => servers.flatMap(({ hostnames }) => hostnames));

await using ca = await Ca.make();
ca.mislead(bad);
await using host = await bootContainer({ name: "bench-certificates" });
const sh = (command: string) => succeed(host, command);
await ca.trustedBy(host);
await ca.start(host);
const begin = performance.now();
await placeBundle(host, renderBundle(withCertificates(accounts), "web1"));
// Waits for the run that is still going.
await host.run("systemctl start fairhost-certificates.service", { timeout: 1_200_000 });
const seconds = (performance.now() - begin) / 1000;
const processor = Number(await sh("systemctl show -P CPUUsageNSec fairhost-certificates.service")) / 1e9;

const issued = new Set((await sh("ls /var/lib/fairhost-certificates/issued")).trim().split("\n"));
const missing = names.filter((name) => !issued.has(name));
const said = await sh("cat /srv/accounts/7/admin/logs/certificates.log");
console.log(
  `${names.length} names: ${issued.size} certificates in ${seconds.toFixed(0)} s (the last run of the program took ${processor.toFixed(1)} s of processor time); none for ${missing.join(", ")}`,
);
if (missing.join() !== bad || !said.includes(`${bad}: no certificate`)) process.exitCode = endings.failed[0];
