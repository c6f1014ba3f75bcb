import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { Ca, dns, dnsSecret, withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/** Names of two accounts; the one that leads nowhere is another web site's for the CA. */
const secured = { https: true, httpsOnly: true, hstsSeconds: 3600 };
const accounts = [
  {
    number: 1,
    name: "alice",
    servers: [
      { ...staticServer("web"), ...secured, hostnames: ["alice.test", "*.alice.test"] },
      { ...staticServer("plain"), https: true, hostnames: ["plain.alice.test"] },
    ],
  },
  {
    number: 2,
    name: "bob",
    servers: [
      { ...staticServer("web"), ...secured, hostnames: ["bob.test", "nowhere.test"] },
      { ...staticServer("shop"), https: true, hostnames: ["*.locked.test", "*.shop.test"] },
    ],
  },
] as const;

let host: ContainerHost;
let ca: Ca;
const sh = (command: string) => succeed(host, command);
const state = "/var/lib/fairhost-certificates";
/** A visitor who trusts the CA alone, at the front end. */
const visit = (url: string, more = "") =>
  sh(`curl -sS -g --max-time 20 --cacert /root/roots.pem --connect-to ::[::1]: ${more} ${url}`);
const status = (url: string, more = "") =>
  visit(url, `-o /dev/null -w '%{http_code} %{http_version} %{redirect_url}' ${more}`);
const issue = () => sh("systemctl start fairhost-certificates.service");
const soon = { timeout: 60_000, interval: 200 };

beforeAll(async () => {
  ca = await Ca.make();
  host = await bootContainer({ name: "tls" });
  await ca.trustedBy(host);
  await placeBundle(host, renderBundle(withCertificates(accounts), "web1"));
  for (const { number, name } of accounts) {
    await host.writeFile(`/srv/accounts/${number}/home/www/index.html`, `Hello from ${name}\n`);
    await host.writeFile(`/srv/accounts/${number}/home/www/.well-known/acme-challenge/own`, `own of ${name}\n`);
  }
});
afterAll(async () => {
  await host?.stop();
  await ca?.[Symbol.asyncDispose]();
});

describe("before there is a certificate", () => {
  test("a name answers over HTTP, and over HTTPS with one that nobody trusts", async () => {
    await sh(`until [ -e ${state}/bob.test.pem ]; do sleep 0.1; done`);
    expect(await visit("http://bob.test/")).toBe("Hello from bob\n");
    expect(await visit("https://bob.test/", "--insecure")).toBe("Hello from bob\n");
    expect((await host.run("curl -sS --connect-to ::[::1]: https://bob.test/")).exitCode).toBe(60);
  });

  test("with the CA away, each name is tried again later, and its account reads why", async () => {
    const log = () => sh("cat /srv/accounts/1/admin/logs/certificates.log");
    // The deploy has begun it.
    await expect
      .poll(() => sh(`ls ${state}/wait`), soon)
      .toBe("alice.test\nbob.test\nnowhere.test\nplain.alice.test\n");
    // Waits for the run that is still going.
    await issue();
    expect(await log()).toMatch(/^\S+ alice\.test: no certificate, next try in 1 h: .*localhost:14000.*\n/m);
    // Not again before its time.
    const before = await log();
    await issue();
    expect(await log()).toBe(before);
  });
});

describe("certificates of the CA", () => {
  beforeAll(async () => {
    ca.mislead("nowhere.test");
    await ca.start(host);
    await sh(`rm -f ${state}/wait/*`);
    await issue();
  });

  test("are in force at once, without a reload, over HTTP/2 and TLS 1.2 or newer", async () => {
    for (const name of ["alice.test", "plain.alice.test", "bob.test"])
      expect(await status(`https://${name}/`)).toBe("200 2 ");
    expect(
      await sh("openssl s_client -connect [::1]:443 -servername alice.test -tls1_1 </dev/null 2>&1 || true"),
    ).toMatch(/alert|no protocols/);
    expect(
      await sh(
        "systemctl show -P ExecReload nginx >/dev/null; pgrep -c nginx >/dev/null && journalctl -u nginx -o cat | grep -c Reload || true",
      ),
    ).toBe("0\n");
  });

  test("with the ciphers of Mozilla's intermediate profile and no others, and nothing that would lower a grade", async () => {
    const connect = "openssl s_client -connect [::1]:443 -servername alice.test";
    const taken = await sh(`for cipher in $(openssl ciphers 'ALL:COMPLEMENTOFALL:@SECLEVEL=0' | tr : ' '); do
      case $cipher in TLS_*) continue ;; esac
      ! ${connect} -tls1_2 -cipher $cipher:@SECLEVEL=0 </dev/null >/dev/null 2>&1 || echo $cipher
    done`);
    // Those with RSA are for certificates that accounts bring.
    expect(taken.trim().split("\n").sort()).toEqual([
      "ECDHE-ECDSA-AES128-GCM-SHA256",
      "ECDHE-ECDSA-AES256-GCM-SHA384",
      "ECDHE-ECDSA-CHACHA20-POLY1305",
    ]);
    for (const old of ["-tls1", "-tls1_1"])
      expect((await host.run(`${connect} ${old} -cipher ALL:@SECLEVEL=0 </dev/null`)).exitCode, old).not.toBe(0);
    const said = await sh(`${connect} -tls1_2 </dev/null 2>&1`);
    expect(said).toMatch(/Secure Renegotiation IS supported/);
    expect(said).toMatch(/Compression: NONE/);
  });

  test("send visitors on where that is declared, with a promise to browsers, and no others", async () => {
    expect(await status("http://alice.test/a?b")).toBe("308 1.1 https://alice.test/a?b");
    expect(await visit("https://alice.test/", "-o /dev/null -D -")).toMatch(
      /^strict-transport-security: max-age=3600\r$/im,
    );
    expect(await status("http://plain.alice.test/")).toBe("200 1.1 ");
    expect(await visit("https://plain.alice.test/", "-o /dev/null -D -")).not.toMatch(/strict-transport-security/i);
    // A wildcard has none by HTTP, so its names are not sent on.
    expect(await status("http://any.alice.test/")).toBe("200 1.1 ");
  });

  test("a name that the CA cannot reach stops no other, and says so", async () => {
    expect(await sh("cat /srv/accounts/2/admin/logs/certificates.log")).toMatch(
      / nowhere\.test: no certificate, next try in 1 h: .+\n/,
    );
    expect(await status("http://nowhere.test/")).toBe("200 1.1 ");
  });

  test("are renewed when they are due, with the same key, and the front end has the new one", async () => {
    const serial = () =>
      sh(
        "openssl s_client -connect [::1]:443 -servername bob.test </dev/null 2>/dev/null | openssl x509 -noout -serial -pubkey",
      );
    const [before] = [await serial()];
    await issue();
    expect(await serial()).toBe(before);
    await sh(`touch -d '1 hour ago' ${state}/bob.test.pem`);
    await issue();
    const after = await serial();
    expect(after).not.toBe(before);
    expect(after.replace(/^serial.*/, "")).toBe(before.replace(/^serial.*/, ""));
    expect(Number(await sh(`stat -c %Y ${state}/bob.test.pem`))).toBeGreaterThan(Date.now() / 1000 + 86_400);
  });

  test("with the CA away, the old ones stay", async () => {
    await ca.stop();
    await sh(`touch -d '1 hour ago' ${state}/bob.test.pem`);
    await issue();
    expect(await status("https://bob.test/")).toBe("200 2 ");
    expect(await sh("tail -n 1 /srv/accounts/2/admin/logs/certificates.log")).toContain(
      "bob.test: no certificate, next try in 1 h",
    );
  });
});

test("a CA that has lost the host's account gets another one, at most once a day", async () => {
  // What it knew is gone with its process.
  await ca.start(host);
  const due = () => sh(`rm -f ${state}/wait/* && touch -d '1 hour ago' ${state}/bob.test.pem`);
  await due();
  await issue();
  expect(Number(await sh(`stat -c %Y ${state}/bob.test.pem`))).toBeGreaterThan(Date.now() / 1000);
  await expect.poll(() => sh("journalctl -u fairhost-certificates -o cat"), soon).toContain("makes another one");
  await ca.stop();
  await ca.start(host);
  await due();
  await issue();
  expect(await sh("tail -n 2 /srv/accounts/2/admin/logs/certificates.log")).toMatch(
    /bob\.test: no certificate, next try.*accountDoesNotExist/,
  );
});

describe("certificates of wildcards", () => {
  const log = (account: number) => sh(`cat /srv/accounts/${account}/admin/logs/certificates.log`);
  const subject = (name: string) =>
    sh(
      `openssl s_client -connect [::1]:443 -servername ${name} </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName | tail -n 1`,
    );
  const secrets = "/var/lib/fairhost/secrets/dns";

  test("there are none without a DNS provider, which is said once", async () => {
    for (const [account, name] of [
      [1, "*.alice.test"],
      [2, "*.shop.test"],
    ] as const) {
      const said = (await log(account)).split("\n").filter((line) => line.includes(` ${name}: `));
      expect(said).toEqual([
        expect.stringMatching(/: no certificate: .* in DNS, .*certificates\.dns in network\.yaml/),
      ]);
    }
    expect(await status("https://any.alice.test/", "--insecure")).toBe("200 2 ");
    expect(await sh(`readlink ${state}/_.alice.test.pem`)).toBe("default.pem\n");
  });

  test("a secret that the DNS server does not take is said, but not shown, and tried again later", async () => {
    await sh(`mkdir -p -m 700 ${secrets} && printf '%s' d3JvbmcgYnV0IHNlY3JldA== >${secrets}/RFC2136_TSIG_SECRET`);
    // The CA has forgotten the host once more.
    await sh(`rm -f ${state}/account-made`);
    await placeBundle(host, renderBundle(withCertificates(accounts, { dns }), "web1"));
    await issue();
    expect(await log(1)).toMatch(/ \*\.alice\.test: no certificate, next try in 1 h: .*bad authentication/);
    expect(await sh(`grep -rl d3JvbmcgYnV0 /srv/accounts/*/admin /run/log /var/log ${state} 2>/dev/null || true`)).toBe(
      "",
    );
    expect(await sh("journalctl -u fairhost-certificates -o cat")).not.toContain("d3JvbmcgYnV0");
  });

  test("another secret is tried at once: all have one but that whose proof nobody takes", async () => {
    await sh(`printf '%s' '${dnsSecret}' >${secrets}/RFC2136_TSIG_SECRET`);
    await issue();
    expect(await subject("any.alice.test")).toContain("DNS:*.alice.test");
    expect(await status("https://any.alice.test/")).toBe("200 2 ");
    // Of a zone whose proofs are delegated to another name.
    expect(await status("https://any.shop.test/")).toBe("200 2 ");
    expect(await log(2)).toMatch(/ \*\.locked\.test: no certificate, next try in 1 h: /);
    // Now visitors are sent on.
    expect(await status("http://any.alice.test/")).toBe("308 1.1 https://any.alice.test/");
  });

  test("are renewed when they are due, and the proof does not stay", async () => {
    const before = await sh(`openssl x509 -noout -serial -in ${state}/_.alice.test.pem`);
    await issue();
    expect(await sh(`openssl x509 -noout -serial -in ${state}/_.alice.test.pem`)).toBe(before);
    await sh(`touch -d '1 hour ago' ${state}/_.alice.test.pem`);
    await issue();
    expect(await sh(`openssl x509 -noout -serial -in ${state}/_.alice.test.pem`)).not.toBe(before);
  });

  test("only root reads the secrets, and what tells that they changed", async () => {
    expect(await sh(`stat -c '%a %U' ${state}/tried`)).toBe("600 root\n");
    expect(await sh("systemctl show -P Environment -P ExecStart fairhost-certificates")).not.toContain(dnsSecret);
  });
});

describe("names that are no longer declared", () => {
  const map = "/var/lib/fairhost/current/sites/accounts/2.certificates";
  const files = () =>
    sh(`cd ${state} && ls -d bob.test.pem issued/bob.test lego/certificates/bob.test.key 2>/dev/null || true`);

  test("lose certificate and key, but not while nobody can tell what is declared: on a full disk", async () => {
    const all = await files();
    expect(all.split("\n")).toHaveLength(4);
    await sh(`cp ${map} /root/map && sed -i '/^bob/d' ${map} && mkdir ${state}/names.new`);
    expect((await host.run("systemctl start fairhost-certificates.service")).exitCode).toBe(1);
    expect(await files()).toBe(all);
    await sh(`rmdir ${state}/names.new`);
    await issue();
    expect(await files()).toBe("");
    await sh(`cp /root/map ${map}`);
    await issue();
    expect(await visit("https://bob.test/", "--insecure")).toBe("Hello from bob\n");
  });
});

describe("nothing but certificates", () => {
  test("an account's own file below the CA's path is served, and another account's proof is not", async () => {
    expect(await visit("http://bob.test/.well-known/acme-challenge/own", "-L")).toBe("own of bob\n");
    expect(
      await status("http://plain.alice.test/.well-known/acme-challenge/../../lego/accounts", "--path-as-is"),
    ).toMatch(/^40[04] /);
  });

  test.each(["../default", "unknown.test", "a/../bob.test", ""])(
    "the name %j gets the certificate that nobody trusts",
    async (name) => {
      const named = name === "" ? "-noservername" : `-servername '${name}'`;
      expect(
        await sh(`openssl s_client -connect [::1]:443 ${named} </dev/null 2>/dev/null | openssl x509 -noout -subject`),
      ).toBe("subject=CN=invalid\n");
    },
  );

  test("keys are read by root and the front end alone", async () => {
    expect(await sh(`stat -c '%a %U %G' ${state} ${state}/alice.test.pem ${state}/lego`)).toBe(
      "750 root www-data\n640 root www-data\n700 root www-data\n",
    );
    expect((await host.run(`setpriv --reuid 1900000001 --clear-groups cat ${state}/alice.test.pem`)).exitCode).toBe(1);
  });
});
