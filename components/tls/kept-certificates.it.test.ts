import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { Ca, withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/** What visitors notice of certificates that are exchanged, and of a CA that is away for long: nothing. */
const accounts = [
  { number: 1, name: "alice", servers: [{ ...staticServer("web"), https: true, hostnames: ["alice.test"] }] },
  {
    number: 2,
    name: "bob",
    servers: [{ ...staticServer("web"), https: true, hostnames: ["bob.test"], certificate: "own.pem" }],
  },
];

let host: ContainerHost;
let ca: Ca;
const sh = (command: string) => succeed(host, command);
const state = "/var/lib/fairhost-certificates";
const issue = () => sh("systemctl start fairhost-certificates.service");
const due = (name: string) => sh(`touch -d '1 hour ago' ${state}/${name}.pem`);
/** Of the certificate that the front end shows. */
const shown = async (name: string) =>
  (
    await sh(
      `openssl s_client -connect [::1]:443 -servername ${name} </dev/null 2>/dev/null | openssl x509 -outform der | sha256sum`,
    )
  ).slice(0, 16);

beforeAll(async () => {
  ca = await Ca.make();
  host = await bootContainer({ name: "tls-kept" });
  await ca.trustedBy(host);
  await ca.start(host);
  await placeBundle(host, renderBundle(withCertificates(accounts), "web1"));
  // Here nothing begins by itself.
  await sh("systemctl stop fairhost-certificates.timer fairhost-own-certificates.timer");
  for (const { number } of accounts) await host.writeFile(`/srv/accounts/${number}/home/www/index.html`, "Hello\n");
  await host.writeFile("/root/tls-visitors.py", readFileSync(join(import.meta.dirname, "tls-visitors.py")));
  // Waits for the run that is still going.
  await issue();
  expect(await sh(`ls ${state}/issued`)).toBe("alice.test\nbob.test\n");
});
afterAll(async () => {
  await host?.stop();
  await ca?.[Symbol.asyncDispose]();
});

test.each([
  [
    "alice.test",
    "the CA's, renewed with the same key",
    async () => {
      await due("alice.test");
      await issue();
    },
  ],
  [
    "bob.test",
    "its owner's, each with another key",
    async () => {
      await sh(`cd /root && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=own -addext subjectAltName=DNS:bob.test -keyout new.key -out new.crt 2>/dev/null
        cat new.key new.crt >new.pem && install -m 600 -o 1900000002 -g 1900000002 new.pem /srv/accounts/2/home/own.pem.new
        cd /srv/accounts/2/home && mv -f own.pem.new own.pem`);
      await sh("systemctl start fairhost-own-certificates.service");
    },
  ],
])("%s: while certificates are exchanged (%s), no connection and no handshake is lost", async (name, _, exchange) => {
  const certificates = [await shown(name)];
  const [said, stop] = [`/run/${name}.said`, `/run/${name}.stop`];
  await sh(
    `systemd-run --quiet --unit=visitors --collect -p StandardOutput=truncate:${said} -p StandardError=append:${said} python3 /root/tls-visitors.py ${name} 50 4 ${stop}
    timeout 60 sh -c 'until grep -q open ${said}; do sleep 0.1; done'`,
  );
  for (let time = 0; time < 5; time++) {
    await exchange();
    certificates.push(await shown(name));
  }
  await sh(`touch ${stop}; timeout 60 sh -c 'while systemctl is-active --quiet visitors; do sleep 0.1; done'`);
  const [, ...lines] = (await sh(`cat ${said}`)).trim().split("\n");
  const result = JSON.parse(lines.join("\n")) as Record<"requests" | "handshakes", number> &
    Record<"certificates" | "wrong", string[]>;
  console.info(`${name}: ${result.requests} requests, ${result.handshakes} handshakes`);
  expect(new Set(certificates).size).toBe(6);
  expect(result).toMatchObject({ wrong: [], certificates });
});

test("a CA that is away for a week: the old certificate stays, each try in vain is said, and it is renewed once the CA is back", async () => {
  const log = "/srv/accounts/1/admin/logs/certificates.log";
  const tries = async () =>
    [...(await sh(`cat ${log}`)).matchAll(/ alice\.test: no certificate, next try in (\d+) h: (.*)\n/g)].map(
      ([, hours, why]) => ({ hours: Number(hours), why: why! }),
    );
  /** The clock is the machine's: what the host remembers becomes older instead. */
  const passes = (hours: number) =>
    sh(`cd ${state} && find . -name lego -prune -o -type f -printf '%Ts %p\\n' | while read -r second file; do
        touch -d "@$((second - ${hours * 3600}))" "$file" || exit; done
      awk '{ print $1 - ${hours * 3600} }' orders >orders.new && touch -r orders orders.new && mv orders.new orders`);
  await ca.stop();
  await due("alice.test");
  const [before, said] = [await shown("alice.test"), (await tries()).length];
  // Its timer starts it each hour; later, when it tries once a day, fewer runs are as good.
  for (const hours of [...Array.from({ length: 24 }, () => 1), ...Array.from({ length: 24 }, () => 6)]) {
    await issue();
    expect(await shown("alice.test")).toBe(before);
    await passes(hours);
  }
  expect(
    await sh(
      "curl -sS -g --cacert /root/roots.pem --connect-to ::[::1]: -o /dev/null -w '%{http_code}' https://alice.test/",
    ),
  ).toBe("200");
  const failed = (await tries()).slice(said);
  expect(failed.map(({ hours }) => hours)).toEqual([
    1,
    2,
    4,
    8,
    16,
    ...Array.from({ length: failed.length - 5 }, () => 24),
  ]);
  expect(failed.length).toBeGreaterThanOrEqual(10);
  expect(new Set(failed.map(({ why }) => /localhost:14000/.test(why)))).toEqual(new Set([true]));
  expect(await sh(`cat ${state}/certificates.prom`)).toContain(
    `fairhost_certificate_failed_tries{account="1",name="alice.test"} ${failed.length}\n`,
  );
  await ca.start(host);
  // At the next try, within a day.
  await passes(24);
  await issue();
  expect(await shown("alice.test")).not.toBe(before);
  expect(await sh(`cat ${state}/certificates.prom`)).not.toContain("failed_tries{");
});
