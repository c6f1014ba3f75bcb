import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { Ca, withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/** Many names at once, and a CA that has given enough of some: pebble, behind a program that limits it. */
const many = Array.from({ length: 25 }, (_, index) => `many${index + 1}.test`);
const bad = "many13.test";
const busy = ["busy.test", "www.busy.test"];
const idn = "xn--bcher-kva.test";
const accounts = [
  { number: 1, name: "alice", servers: [{ ...staticServer("web"), https: true, hostnames: many }] },
  { number: 2, name: "bob", servers: [{ ...staticServer("web"), https: true, hostnames: [...busy, idn] }] },
];

let host: ContainerHost;
let ca: Ca;
const sh = (command: string) => succeed(host, command);
const state = "/var/lib/fairhost-certificates";
const issue = () => sh("systemctl start fairhost-certificates.service");
const lines = async (command: string) => (await sh(command)).split("\n").filter((line) => line !== "");
const log = (account: number) => sh(`cat /srv/accounts/${account}/admin/logs/certificates.log`);
const orders = async () => (await lines(`cat ${state}/orders`)).length;
const serial = (name: string) => sh(`openssl x509 -noout -serial -in ${state}/${name}.pem`);
const due = (...names: readonly string[]) =>
  sh(`cd ${state} && touch -d '1 hour ago' ${names.map((name) => `${name}.pem`).join(" ")}`);
const status = (url: string) =>
  sh(
    `curl -sS -g --max-time 20 --cacert /root/roots.pem --connect-to ::[::1]: -o /dev/null -w '%{http_code}' https://${url}/`,
  );
/** An hour in two days, as Let's Encrypt writes it. */
const until = `${new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10)} 12:00:00 UTC`;
const retryAfter = new Date(until).toUTCString();
const link = "see https://ca.example/docs/rate-limits/";

beforeAll(async () => {
  ca = await Ca.make();
  ca.mislead(bad);
  host = await bootContainer({ name: "calimits" });
  await ca.trustedBy(host);
  // The program begins as soon as it is in force.
  await ca.start(host, { limiting: true });
  await placeBundle(host, renderBundle(withCertificates(accounts), "web1"));
  await sh("mkdir -p /srv/accounts/2/home/www && echo Hello >/srv/accounts/2/home/www/index.html");
  // Waits for the run that is still going.
  await issue();
});
afterAll(async () => {
  await host?.stop();
  await ca?.[Symbol.asyncDispose]();
});

test("of many names one is bad: all others have a certificate after one run, and the bad one is said by name", async () => {
  const issued = await lines(`ls ${state}/issued`);
  expect(issued.toSorted()).toEqual([...many, ...busy, idn].filter((name) => name !== bad).toSorted());
  const failed = (await log(1)).split("\n").filter((line) => line.includes("no certificate"));
  expect(failed).toEqual([expect.stringMatching(/^\S+ many13\.test: no certificate, next try in 1 h: /)]);
  // One order each: nothing was asked twice.
  expect(await orders()).toBe(many.length + busy.length + 1);
});

test("when they end, and which one failed, is said for Prometheus, by declared names alone", async () => {
  const measured = () => sh(`cat ${state}/certificates.prom`);
  const of = (series: string, account: number, name: string) =>
    `fairhost_certificate_${series}{account="${account}",name="${name}"}`;
  const ends = async (name: string) =>
    Number(await sh(`date -d "$(openssl x509 -noout -enddate -in ${state}/${name}.pem | cut -d= -f2)" +%s`));
  const first = await measured();
  for (const [account, name] of [
    [1, "many1.test"],
    [2, idn],
  ] as const)
    expect(first).toContain(`${of("expires_seconds", account, name)} ${await ends(name)}\n`);
  expect(first.split("\n").filter((line) => line.startsWith("fairhost_"))).toHaveLength(many.length + busy.length + 1);
  expect(first).toContain(`${of("failed_tries", 1, bad)} 1\n`);
  expect(first).not.toContain(of("expires_seconds", 1, bad));
  // One that an older release got.
  await sh(`: >${state}/issued/many1.test && echo 1 >${state}/issued/undeclared.test`);
  await issue();
  expect((await measured()).split("\n").toSorted()).toEqual(first.split("\n").toSorted());
  await sh(`rm ${state}/issued/undeclared.test`);
});

test("a name with other letters than a to z is reached, and has a certificate, as DNS has it", async () => {
  expect(await status(idn)).toBe("200");
  expect(await sh(`openssl x509 -noout -ext subjectAltName -in ${state}/${idn}.pem`)).toContain(`DNS:${idn}`);
});

describe("a CA that has given enough", () => {
  test("of one domain: its names wait as long as it says, with the old certificates, and others are renewed", async () => {
    const detail = `too many certificates (50) already issued for "busy.test" in the last 168h0m0s, retry after ${until}: ${link}`;
    await ca.limit({ "busy.test": { detail, retryAfter } });
    const [old, other, before] = [await serial("www.busy.test"), await serial("many1.test"), await orders()];
    await due(...busy, "many1.test");
    await issue();
    expect(await serial("many1.test")).not.toBe(other);
    expect(await serial("www.busy.test")).toBe(old);
    expect(await status("www.busy.test")).toBe("200");
    expect(await lines(`ls ${state}/held`)).toEqual(["busy.test"]);
    const told = new Date(until).getTime() / 1000;
    for (const name of busy) {
      expect(Number(await sh(`stat -c %Y ${state}/wait/${name}`))).toBe(told);
      const said = (await log(2)).split("\n").filter((line) => line.includes(` ${name}: no certificate`));
      expect(said).toEqual([expect.stringContaining(`the CA gives no more before ${until.slice(0, 10)}T12:00:00`)]);
      expect(said[0]).toContain('too many certificates (50) already issued for "busy.test"');
    }
    // Nobody asks again before that, whatever else there is to do.
    const asked = await orders();
    expect(asked).toBeLessThanOrEqual(before + 3);
    await issue();
    expect(await orders()).toBe(asked);
  });

  test("of the host: all wait, and are renewed when the time is over", async () => {
    const detail = `too many new orders (300) from this account in the last 3h0m0s, retry after ${until}: ${link}`;
    await ca.limit({ ".test": { detail, retryAfter } });
    const others = ["many1.test", "many2.test"];
    const old = await serial("many2.test");
    await due(...others);
    await issue();
    expect(await lines(`ls ${state}/held`)).toEqual(["_all", "busy.test"]);
    expect(await lines(`ls ${state}/wait`)).toEqual([...busy, "many1.test", bad, "many2.test"].toSorted());
    expect(await serial("many2.test")).toBe(old);
    await ca.limit();
    await sh(
      `cd ${state} && touch -d '1 minute ago' held/* ${[...busy, ...others].map((name) => `wait/${name}`).join(" ")}`,
    );
    const before = await serial("busy.test");
    await issue();
    expect(await serial("many2.test")).not.toBe(old);
    expect(await serial("busy.test")).not.toBe(before);
    expect(await lines(`ls ${state}/held`)).toEqual([]);
    expect(await lines(`ls ${state}/wait`)).toEqual([bad]);
  });
});

test("a host asks for no more than its orders of an hour, however often it is started", async () => {
  await sh(`for i in $(seq 100); do date +%s; done >${state}/orders`);
  await due("many3.test", "many4.test");
  const old = await serial("many3.test");
  await issue();
  await issue();
  expect(await serial("many3.test")).toBe(old);
  await expect
    .poll(() => sh("journalctl -u fairhost-certificates -o cat"))
    .toContain("2 more names wait: this host asks for 100 certificates an hour");
  // An hour later.
  await sh(`sed -i 's/.*/1/' ${state}/orders`);
  await issue();
  expect(await serial("many3.test")).not.toBe(old);
  expect(await orders()).toBe(2);
});

test("another address for the CA's mail, or another CA, needs another account there: renewals go on", async () => {
  await due("many5.test", "many6.test");
  const old = await serial("many6.test");
  await sh("/var/lib/fairhost/current/libexec/issue-certificates https://localhost:14000/dir other@example.net 100");
  expect(await serial("many6.test")).not.toBe(old);
  expect(await lines(`ls ${state}/lego/accounts/localhost_14000`)).toEqual(["ops@example.net", "other@example.net"]);
});
