import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { Ca, withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";

const secured = { https: true, httpsOnly: true };
const accounts = [
  {
    number: 1,
    name: "alice",
    servers: [
      {
        ...staticServer("web"),
        ...secured,
        certificate: "certificates/web.pem",
        hostnames: ["alice.test", "*.alice.test"],
      },
      {
        ...staticServer("shop"),
        ...secured,
        certificate: "certificates/shop.pem",
        hostnames: ["shop.alice.test", "old.alice.test"],
      },
      { ...staticServer("rest"), https: true, hostnames: ["rest.alice.test"] },
    ],
  },
  {
    number: 2,
    name: "bob",
    servers: [{ ...staticServer("web"), ...secured, certificate: "own.pem", hostnames: ["bob.test"] }],
  },
] as const;

let host: ContainerHost;
let ca: Ca;
const sh = (command: string) => succeed(host, command);
const state = "/var/lib/fairhost-certificates";
const home = (number: number) => `/srv/accounts/${number}/home`;
const timer = "fairhost-own-certificates.timer";
const take = () => sh("systemctl start fairhost-own-certificates.service");
const issue = async () => {
  await sh("systemctl start fairhost-certificates.service");
  // What the CA refused would wait for an hour.
  expect(
    await sh(
      `cd ${state}/wait && ls && cat /srv/accounts/*/admin/logs/certificates.log | grep 'no certificate' || true`,
    ),
  ).toBe("");
};
const log = (number: number, file = "own.pem") =>
  sh(`grep ' ${file} ' /srv/accounts/${number}/admin/logs/certificates.log | tail -n 1`);
/** Whose certificate the front end shows: the subject, which is the name itself if the fleet's CA made it. */
const shown = async (name: string) =>
  (
    await sh(
      `openssl s_client -connect [::1]:443 -servername ${name} </dev/null 2>/dev/null | openssl x509 -noout -subject`,
    )
  ).slice("subject=".length, -1);
/** Puts a certificate where an account may: as the account, by rename. `more` are options of openssl, `key` a file with a key to go on with. */
async function bring(
  number: number,
  path: string,
  subject: string,
  names: readonly string[],
  more = "-days 90",
  key = "",
): Promise<void> {
  const [uid, file] = [1_900_000_000 + number, `${home(number)}/${path}`];
  const alternative = names.map((name) => `DNS:${name}`).join(",");
  const from = key === "" ? "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/new.key" : `-key ${key}`;
  await sh(`openssl req -x509 ${from} ${more} -subj /CN=${subject} -addext subjectAltName=${alternative} -out /root/new.crt 2>/dev/null
    cat ${key || "/root/new.key"} /root/new.crt >/root/new.pem
    install -d -o ${uid} -g ${uid} $(dirname ${file})
    install -m 600 -o ${uid} -g ${uid} /root/new.pem ${file}.new && mv -f ${file}.new ${file}`);
}

beforeAll(async () => {
  ca = await Ca.make();
  host = await bootContainer({ name: "tls-own" });
  await ca.trustedBy(host);
  await ca.start(host);
  await placeBundle(host, renderBundle(withCertificates(accounts), "web1"));
  // It looks each minute, here every few seconds until it has been seen to.
  await sh(`sed -i 's,^OnCalendar=minutely$,OnCalendar=*:*:0/5,; s/^AccuracySec=.*/AccuracySec=1s/' /var/lib/fairhost/current/systemd/${timer}
    systemctl daemon-reload && systemctl restart ${timer} && systemctl cat ${timer} | grep -q 0/5`);
  for (const { number, name } of accounts)
    await host.writeFile(`${home(number)}/www/index.html`, `Hello from ${name}\n`);
  await sh(`until [ -e ${state}/bob.test.pem ]; do sleep 0.1; done`);
  await issue();
});
afterAll(async () => {
  await host?.stop();
  await ca?.[Symbol.asyncDispose]();
});

describe("a certificate that an account brings", () => {
  test("is noticed by itself, and shown for the names of its web site that it is valid for, and no others", async () => {
    expect(await shown("any.alice.test")).toBe("CN=invalid");
    await bring(1, "certificates/web.pem", "bought", ["alice.test", "*.alice.test", "bob.test", "rest.alice.test"]);
    await sh(`timeout 100 sh -c 'until [ -e ${state}/own/alice.test ]; do sleep 0.2; done'; systemctl stop ${timer}`);
    for (const name of ["alice.test", "any.alice.test", "other.alice.test"])
      expect(await shown(name)).toBe("CN=bought");
    // Names of others, of another web site, and what a wildcard does not stand for.
    for (const name of ["bob.test", "rest.alice.test", "shop.alice.test"]) expect(await shown(name)).toBe(`CN=${name}`);
    for (const name of ["a.b.alice.test", "test"]) expect(await shown(name)).toBe("CN=invalid");
    expect(await log(1, "certificates/web.pem")).toMatch(
      / certificates\/web\.pem is used for \*\.alice\.test, alice\.test until \d{4}-\d\d-\d\d\n$/,
    );
    expect(await sh(`stat -c '%a %U %G' ${state}/alice.test.pem ${state}/own-files/1.json`)).toBe(
      "640 root www-data\n600 root www-data\n",
    );
  });

  test("sends visitors of a wildcard on to HTTPS, but not those of a name that does not", async () => {
    const to = (name: string) =>
      sh(`curl -sS --connect-to ::[::1]: -o /dev/null -w '%{http_code} %{redirect_url}' http://${name}/x`);
    expect(await to("any.alice.test")).toBe("308 https://any.alice.test/x");
    expect(await to("rest.alice.test")).toMatch(/^404 $/);
  });

  test("comes before that of the CA, one for the very name before a wildcard, which is renewed by neither", async () => {
    await bring(1, "certificates/shop.pem", "wild", ["*.alice.test"], "-days 300");
    await take();
    expect([await shown("shop.alice.test"), await shown("old.alice.test")]).toEqual(["CN=wild", "CN=wild"]);
    await bring(1, "certificates/shop.pem", "exact", ["shop.alice.test"], "-days 100");
    await take();
    // The name that it no longer has keeps what it had until the CA's is there.
    expect([await shown("shop.alice.test"), await shown("old.alice.test")]).toEqual(["CN=exact", "CN=wild"]);
    await issue();
    expect([await shown("shop.alice.test"), await shown("old.alice.test")]).toEqual(["CN=exact", "CN=old.alice.test"]);
  });

  test("is replaced by a newer one while a visitor downloads, with the same key without a failed handshake", async () => {
    await sh(`head -c 400000 /dev/zero >${home(1)}/www/large && cat /root/new.key >/root/kept.key`);
    const download = sh("curl -sSk --limit-rate 100k --connect-to ::[::1]: https://shop.alice.test/large | wc -c");
    const asking = sh(`lost=0; for n in $(seq 100); do
      openssl s_client -connect [::1]:443 -servername shop.alice.test </dev/null 2>/dev/null | openssl x509 -noout 2>/dev/null || lost=$((lost + 1))
    done; echo $lost`);
    await bring(1, "certificates/shop.pem", "newer", ["shop.alice.test"], "-days 200", "/root/kept.key");
    await take();
    expect([await download, await asking]).toEqual(["400000\n", "0\n"]);
    expect(await shown("shop.alice.test")).toBe("CN=newer");
  });
});

describe("what cannot be used keeps the old one, and the account reads why", () => {
  const uid = 1_900_000_002;
  const file = `${home(2)}/own.pem`;
  const as = (command: string) =>
    sh(`rm -rf ${file}; cd ${home(2)} && setpriv --reuid ${uid} --regid ${uid} --clear-groups sh -c '${command}'`);

  beforeAll(async () => {
    await bring(2, "own.pem", "good", ["bob.test"]);
    await take();
    expect(await shown("bob.test")).toBe("CN=good");
    await sh("cp /root/new.pem /root/good.pem; cp /root/new.crt /root/good.crt");
  });

  test.each([
    [
      "a symlink to a key that only root reads",
      `ln -s ${state}/alice.test.pem own.pem`,
      "cannot be read (Too many levels of symbolic links)",
    ],
    ["a pipe that nobody writes to", "mkfifo own.pem", "is not a file"],
    ["a directory", "mkdir own.pem", "is not a file"],
    ["a file without an end", "truncate -s 500G own.pem", "has more than 64 KiB"],
    ["no PEM", "head -c 5000 /dev/urandom >own.pem", "has 0 certificates"],
    ["nothing in it", "true >own.pem", "has 0 certificates"],
  ])("%s", async (_, command, says) => {
    await as(command);
    await sh("timeout 10 systemctl start fairhost-own-certificates.service");
    expect(await shown("bob.test")).toBe("CN=good");
    expect(await log(2)).toContain(` own.pem ${says}`);
    expect(await log(2)).toMatch(/; the old one stays in use\n$/);
  });

  const wrong = async (content: string, says: string) => {
    await sh(`rm -rf ${file}; ${content}; chown ${uid}:${uid} ${file}`);
    await take();
    expect(await shown("bob.test")).toBe("CN=good");
    expect(await log(2)).toContain(` own.pem ${says}`);
  };
  test("the key of another certificate, none, one with a password, one that is too weak", async () => {
    await wrong(
      `cat /root/kept.key /root/good.crt >${file}`,
      "has a key that does not belong to its first certificate",
    );
    await wrong(`cat /root/good.crt >${file}`, "has no private key");
    await wrong(
      `(openssl pkey -in /root/kept.key -aes256 -passout pass:x; cat /root/good.crt) >${file}`,
      "has a key with a password",
    );
    await wrong(
      `openssl req -x509 -newkey rsa:1024 -nodes -days 9 -subj /CN=x -addext subjectAltName=DNS:bob.test -keyout - -out - 2>/dev/null >${file}`,
      "cannot be used: ee key too small",
    );
  });
  test("a key with which the front end would compute for long, while others wait", async () => {
    await wrong(
      `openssl req -x509 -newkey rsa:5120 -nodes -days 9 -subj /CN=x -addext subjectAltName=DNS:bob.test -keyout - -out - 2>/dev/null >${file}`,
      "has a key that is not used here: RSA of 2048 to 4096 bits, or EC P-256 or P-384",
    );
  });
  test("for the name of another account, ended, or not begun", async () => {
    await bring(2, "own.pem", "stolen", ["alice.test", "*.alice.test"]);
    await take();
    expect([await shown("bob.test"), await shown("alice.test")]).toEqual(["CN=good", "CN=bought"]);
    expect(await log(2)).toContain(
      " own.pem is for alice.test, *.alice.test, not for bob.test; the old one stays in use",
    );
    await bring(2, "own.pem", "ended", ["bob.test"], "-not_before 20200101000000Z -not_after 20200201000000Z");
    await take();
    expect(await log(2)).toContain(" own.pem has a certificate that ends on 2020-02-01");
    await bring(2, "own.pem", "future", ["bob.test"], "-not_before 20700101000000Z -not_after 20710201000000Z");
    await take();
    expect(await log(2)).toContain(" own.pem is not valid before 2070-01-01");
    expect(await shown("bob.test")).toBe("CN=good");
  });
  test("is said once, not each minute", async () => {
    const lines = () => sh("wc -l </srv/accounts/2/admin/logs/certificates.log");
    const before = await lines();
    await take();
    expect(await lines()).toBe(before);
  });
  test("of one account does not concern another", async () => {
    await bring(1, "certificates/shop.pem", "again", ["shop.alice.test"]);
    await take();
    expect(await shown("shop.alice.test")).toBe("CN=again");
  });
});

describe("what comes after it", () => {
  test("a day before its end the CA's takes its place", async () => {
    const last = Date.now() + 20_000;
    const end = new Date(last + 86_400_000).toISOString().replace(/[-:T]|[.]\d+/g, "");
    await bring(2, "own.pem", "ending", ["bob.test"], `-not_after ${end}`);
    await take();
    expect(await shown("bob.test")).toBe("CN=ending");
    await sleep(last - Date.now() + 1000);
    await take();
    expect(await shown("bob.test")).toBe("CN=ending");
    expect(await log(2)).toMatch(/ own\.pem ends on \S+: the host uses certificates of its CA\n$/);
    await issue();
    expect(await shown("bob.test")).toBe("CN=bob.test");
    await take();
    expect(await shown("bob.test")).toBe("CN=bob.test");
  });

  test("an account that takes its file away gets those of the CA, without a moment without any", async () => {
    await sh(`rm ${home(1)}/certificates/web.pem`);
    await take();
    expect(await shown("alice.test")).toBe("CN=bought");
    await issue();
    expect(await shown("alice.test")).toBe("CN=alice.test");
    expect(await sh(`ls ${state}/own`)).toBe("shop.alice.test\n");
    // The CA gives none for what the wildcard stood for: nobody is sent on to an old one.
    expect(await shown("any.alice.test")).toBe("CN=invalid");
    expect(await sh(`ls ${state}/issued`)).not.toContain("_.alice.test");
  });
});
