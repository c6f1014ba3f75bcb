import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, programServer } from "../../testing/fixtures/bundle-fixture.ts";
import { rawRequests } from "../../testing/requests/raw-requests.cases.ts";
import { type Answer, header, hit, kept, keptCases, minute } from "./kept.cases.ts";

/** Caches of two accounts on a real front end: what is kept and for whom, who can take it out, and that programs work as without one. */
const program = (file: string) => readFileSync(join(import.meta.dirname, "../../testing/programs", file));
const cacheable = ["/usr/bin/node", "cacheable.mjs"];
const cached = (name: string, change: object = {}) =>
  programServer(name, cacheable, { cache: true, environment: { SERVER: `${name} ` }, ...change });
const accounts = [
  {
    number: 1,
    name: "alice",
    limits: { cacheMemoryMb: 8, cacheDiskMb: 32 },
    servers: [
      cached("app", { hostnames: ["app.alice.test", "*.alice.test"] }),
      cached("blog", { hostnames: ["blog.test"], addresses: ["blog.test/old"], trimPath: true }),
      cached("naps", { idleSeconds: 2 }),
      programServer("answers", ["/usr/bin/node", "answers.mjs"], { cache: true, answerSeconds: 10 }),
    ],
  },
  {
    number: 2,
    name: "bob",
    limits: { cacheMemoryMb: 8 },
    servers: [programServer("app", ["/usr/bin/node", "answers.mjs"], { cache: true }), cached("web")],
  },
];

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
/** Asks the front end, with more words for curl. */
async function get(address: string, ...words: readonly string[]): Promise<Answer> {
  const [name, path] = [address.split("/", 1)[0]!, address.slice(address.indexOf("/"))];
  const curl = ["curl", "-sS", "-i", "-g", "--max-time", "60", "-H", `Host: ${name}`, `http://[::1]${path}`, ...words];
  const [head, ...rest] = (await succeed(host, curl)).split("\r\n\r\n");
  const [first, ...lines] = head!.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(":", 1)[0]!.toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
  return { status: Number(first!.split(" ")[1]), headers, body: rest.join("\r\n\r\n") };
}
const body = async (address: string, ...words: readonly string[]) => (await get(address, ...words)).body;
const seen = async (address: string, ...words: readonly string[]) =>
  (await get(address, ...words)).headers["cache-status"]?.replace(/ttl=-?\d+/, "ttl");

/** As an account's own program: its home and its lib, its uid, and nothing else. */
const as = (account: number, command: string) =>
  host.run([
    "systemd-run",
    ...["--quiet", "--pipe", "--wait", `--unit=account-${account}-owner`, `--uid=a${account}`],
    ...["-p", `BindPaths=/srv/accounts/${account}/home:/home/own /srv/accounts/${account}/lib:/var/lib`],
    ...["/bin/sh", "-c", command],
  ]);
const purge = (account: number, words: string) => as(account, `/var/lib/fairhost-cache/purge-cache ${words}`);

beforeAll(async () => {
  host = await bootContainer({ name: "cache" });
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  for (const { number } of accounts)
    for (const file of ["cacheable.mjs", "answers.mjs"])
      await host.writeFile(`/srv/accounts/${number}/home/${file}`, program(file));
  // Until it is up the front end asks the programs, which is no fault.
  // Until they are up the front end asks the programs, which is no fault.
  for (const { name } of accounts)
    await sh(
      `until curl -sS -g -i http://[::1]/ -H 'Host: app.${name}.test' | grep -q '^Cache-Status'; do sleep 0.2; done`,
    );
}, 120_000);
afterAll(() => host?.stop());

keptCases({ get, body, seen });

describe("whose it is", () => {
  test("the same address of another name, server or account is another one", async () => {
    expect(await body(`app.alice.test/same?${minute}`)).toBe("app GET 1");
    expect(await body(`other.alice.test/same?${minute}`)).toBe("app GET 2");
    expect(await body(`blog.test/same?${minute}`)).toBe("blog GET 1");
    expect(await body(`web.bob.test/same?${minute}`)).toBe("web GET 1");
    // The path that is taken away belongs to the address.
    expect(await body(`blog.test/old/same?${minute}`)).toBe("blog GET 2");
    expect(await body(`blog.test/same?${minute}`)).toBe("blog GET 1");
  });

  test.each([
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Port: 443",
    "X-Forwarded-Prefix: /evil",
    "X-Fairhost-Server: blog",
    "X-Host: evil.test",
    "X-Original-URL: /evil",
    "X-Rewrite-URL: /evil",
    "X-HTTP-Method-Override: DELETE",
    "X-Forwarded-Scheme: nothttps",
    "fh-stale: 1",
    "Forwarded: host=evil.test",
  ])("a visitor's %s reaches neither the program nor the key", async (line) => {
    const name = line.split(":", 1)[0]!;
    const address = `app.alice.test/${name}?${minute}&echo=${name}`;
    const first = await body(address, ...header(line));
    expect(first).not.toContain(line.split(": ")[1] === "1" ? "undefined 1" : `${line.split(": ")[1]}`);
    expect(first).toMatch(/^app GET 1/);
    expect(await body(address)).toBe(first);
  });

  test("a body of GET is not what others get the answer to", async () => {
    const address = `app.alice.test/fat?${minute}`;
    expect(await body(address, "-X", "GET", "-d", "evil=1")).toBe("app GET 1");
    expect(await body(address)).toBe("app GET 2");
  });

  test("malformed and unusual requests are answered as without a cache, and none hides in another one", async () => {
    await host.writeFile(
      "/root/raw.mjs",
      `import { connect } from "node:net";
const ask = (bytes) => new Promise((done) => {
  let answer = "";
  const socket = connect(80, "::1", () => socket.write(Buffer.from(bytes, "latin1")));
  socket.on("data", (data) => { answer += data.toString("latin1"); }).on("error", () => {}).on("close", () => done(answer));
  setTimeout(() => socket.destroy(), 3000);
});
const requests = JSON.parse(process.argv[2]);
const answers = [];
for (let at = 0; at < requests.length; at += 10) answers.push(...(await Promise.all(requests.slice(at, at + 10).map(ask))));
console.log(JSON.stringify(answers));\n`,
    );
    const requests = rawRequests.map(([, , request]) => request);
    const answers = JSON.parse(
      await succeed(host, ["/usr/bin/node", "/root/raw.mjs", JSON.stringify(requests)]),
    ) as string[];
    const statuses = answers.map((answer, at) => [
      rawRequests[at]![0],
      [...answer.matchAll(/^HTTP\/1\.[01] (\d+)/gm)].map(([, status]) => Number(status)),
    ]);
    expect(statuses).toEqual(rawRequests.map(([name, expected]) => [name, expected]));
    expect(answers.join("\n")).not.toMatch(/9\.9\.9\.9|smuggled/);
  });

  test("a flood of addresses takes an account's own answers out, and no other's", async () => {
    const [own, neighbours] = [`app.alice.test/popular?${minute}`, `web.bob.test/popular?${minute}`];
    for (const each of [own, neighbours]) expect(await seen(each)).toBe(kept);
    const flood = (words: string) =>
      sh(`curl -sS -o /dev/null --max-time 60 --connect-to 'app.alice.test:80:[::1]:80' ${words}`);
    await flood(`'http://app.alice.test/flood/[1-150]?${minute}&bytes=200000'`);
    // As many forms of one address.
    await sh(
      `seq 100 | sed 's/.*/next\\nurl = "http:\\/\\/app.alice.test\\/bomb?${minute}\\&Vary=Accept-Language\\&bytes=200000"\\nheader = "Accept-Language: &"\\noutput = "\\/dev\\/null"\\nconnect-to = "app.alice.test:80:[::1]:80"/' > /root/bomb && curl -sS -K /root/bomb`,
    );
    expect(await seen(neighbours)).toBe(hit);
    expect(await seen(own)).toBe(kept);
    const bytes = await sh("ps -u a1 -o rss=,comm= | awk '/varnishd|cache-main/ { sum += $1 } END { print sum }'");
    console.info(`the cache of 8 MiB after a flood of 30 MB: ${bytes.trim()} kB`);
    expect(Number.parseInt(bytes, 10)).toBeLessThan(48_000);
  });
});

describe("who takes it out", () => {
  const fill = async (...addresses: readonly string[]) => {
    for (const address of addresses) await get(address);
    for (const address of addresses) expect(await seen(address)).toBe(hit);
  };

  test("its owner: an address, all that begin so, or all", async () => {
    const [one, two, other] = [`/shop/1?${minute}`, `/shop/2?${minute}`, `/about?${minute}`].map(
      (path) => `app.alice.test${path}`,
    ) as [string, string, string];
    const foreign = `web.bob.test/shop/1?${minute}`;
    await fill(one, two, other, foreign);
    expect(await purge(1, `'https://app.alice.test/shop/1?${minute}'`)).toMatchObject({ exitCode: 0, stderr: "" });
    expect([await seen(one), await seen(two), await seen(other)]).toEqual([kept, hit, hit]);
    expect(await purge(1, "--start http://app.alice.test/shop/")).toMatchObject({ exitCode: 0 });
    expect([await seen(one), await seen(two), await seen(other)]).toEqual([kept, kept, hit]);
    expect(await purge(1, "--all")).toMatchObject({ exitCode: 0 });
    expect([await seen(one), await seen(other), await seen(foreign)]).toEqual([kept, kept, hit]);
    expect(await purge(1, "app.alice.test")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("is not an address such as"),
    });
  });

  test("an administrator, on the host", async () => {
    const address = `web.bob.test/operator?${minute}`;
    await fill(address);
    await sh("/var/lib/fairhost/current/libexec/purge-cache --socket /run/fairhost-caches/2/purge --all");
    expect(await seen(address)).toBe(kept);
  });

  test("no neighbour, and no visitor", async () => {
    const address = `app.alice.test/guarded?${minute}`;
    await fill(address);
    for (const socket of [
      "/srv/accounts/1/lib/fairhost-cache/purge",
      "/run/fairhost-caches/1/purge",
      "/run/fairhost-caches/1/socket",
    ]) {
      const tried = await host.run([
        ...["setpriv", "--reuid=a2", "--regid=a2", "--clear-groups"],
        "/var/lib/fairhost/current/libexec/purge-cache",
        "--socket",
        socket,
        "--all",
      ]);
      expect(tried).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("Permission denied") });
    }
    for (const method of ["PURGE", "BAN"])
      await get(address, "-X", method, ...header('Fairhost-Ban: obj.http.fh-url ~ "."'));
    // A method that nobody knows may have changed what it is about, and that alone.
    await fill(`app.alice.test/beside?${minute}`);
  });
});

describe("programs work as without it", () => {
  test("a kept answer neither wakes a program nor keeps it awake", async () => {
    const unit = "account-1-http-naps.service";
    const address = "naps.alice.test/page?Cache-Control=max-age=600";
    expect(await seen(address)).toBe(kept);
    await expect
      .poll(
        async () => {
          expect(await seen(address)).toBe(hit);
          return (await host.run(`systemctl is-active ${unit}`)).stdout;
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe("inactive\n");
    expect(await seen(address)).toBe(hit);
    expect((await host.run(`systemctl is-active ${unit}`)).stdout).toBe("inactive\n");
  });

  test.each([3000, 65_000])("headers of %i bytes pass", async (size) => {
    expect((await get(`answers.alice.test/headers/${size}`)).headers["x-large"]).toHaveLength(size);
  });

  test("large uploads and downloads arrive whole, and an answer that drips begins at once", async () => {
    const size = 50_000_000;
    expect(
      await sh(`head -c ${size} /dev/zero | curl -sS -g -T - http://[::1]/count -H 'Host: answers.alice.test'`),
    ).toBe(`${size} bytes`);
    expect(
      await sh(
        "curl -sS -g -o /dev/null -w '%{size_download}' http://[::1]/large/65536000 -H 'Host: answers.alice.test'",
      ),
    ).toBe("65536000");
    const drip = await sh(
      "curl -sS -g -o /dev/null -w '%{time_starttransfer} %{time_total}' http://[::1]/drip/0 -H 'Host: answers.alice.test'",
    );
    const [begin, end] = drip.split(" ").map(Number);
    expect(end! - begin!).toBeGreaterThan(1);
  });

  test("what they see of a visitor is the visitor's", async () => {
    const answer = await body("answers.alice.test/", ...header("Accept-Encoding: br, gzip"));
    const { headers } = JSON.parse(answer) as { headers: string[] };
    const of = (name: string) => headers[headers.indexOf(name) + 1];
    expect([of("X-Forwarded-For"), of("X-Real-IP"), of("Host"), of("Accept-Encoding")]).toEqual([
      "::1",
      "::1",
      "answers.alice.test",
      "br, gzip",
    ]);
    expect(headers.join(" ")).not.toMatch(/varnish|fh-|fairhost|via/i);
  });

  test("one that fails is told apart, and a cache that ends costs nobody an answer", async () => {
    const failed = await get("answers.alice.test/closes");
    expect(failed).toMatchObject({ status: 502, body: expect.stringContaining("the reason is in admin/logs") });
    await expect
      .poll(() => sh("tail -n 1 /srv/accounts/1/admin/logs/front-end/error.log"))
      .toMatch(/ 502 in .*: the server's socket takes no connections, or its answer is not HTTP\n$/);
    await sh("systemctl stop account-2-cache.service");
    expect(await get(`web.bob.test/direct?${minute}`)).toMatchObject({ status: 200, body: "web GET 1" });
    expect(await get(`web.bob.test/direct?${minute}`, "-d", "x")).toMatchObject({ status: 200, body: "web POST 2" });
    await sh("systemctl start account-2-cache.service");
  });

  test("hits are in the account's log and in the host's metrics", async () => {
    const address = `app.alice.test/logged?${minute}`;
    expect([await seen(address), await seen(address)]).toEqual([kept, hit]);
    await expect
      .poll(() => sh("grep -F '/logged?' /srv/accounts/1/admin/logs/front-end/access.log | grep -o '[^ ]*$'"))
      .toBe("-\nhit\n");
    await expect
      .poll(() => sh("systemctl stop fairhost-web-sites.service; cat /var/lib/fairhost-web-sites/web-sites.prom"), {
        timeout: 30_000,
      })
      .toMatch(/^fairhost_web_site_cache_hits_total\{account="1",web_site="app"\} [1-9]/m);
  });
});
