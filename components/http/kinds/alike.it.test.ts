import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import { tellingServers } from "../../../testing/telling-servers.ts";

/** What a request becomes on its way to a program, and its answer on the way back, is the same whatever kind of server it goes to and whatever stands before that. What differs is said here. */
const checkout = join(import.meta.dirname, "../../..");
const own = new Map(tellingServers.map(({ server }) => [server.name, server]));
const like = <Kind extends FixtureServer["kind"]>(kind: Kind) =>
  own.get(kind) as Extract<FixtureServer, { kind: Kind }>;
const waf = { level: "strong" } as const;

/** A hash as people make it. */
async function hashOf(password: string): Promise<string> {
  const words = [join(checkout, "cli/visitor-password.ts"), "kim", "--stdin"];
  const { stdout } = await execa(process.execPath, words, { input: `${password}\n` });
  return /^kim: (\S+)$/.exec(stdout)![1]!;
}
const all = { waf, cache: true, trimPath: true, addresses: ["all.alice.test/shop"], hostnames: [] };
const servers = async (): Promise<readonly FixtureServer[]> => [
  ...own.values(),
  { ...like("program"), name: "cache", cache: true, idleSeconds: 300 },
  { ...like("node"), name: "cache-node", cache: true },
  { ...like("program"), name: "firewall", waf, idleSeconds: 300 },
  { ...like("program"), name: "both", waf, cache: true, idleSeconds: 300 },
  { ...like("php"), name: "asks", root: "asks" },
  { ...like("program"), ...all, name: "closed", passwords: { kim: await hashOf("correct horse") }, idleSeconds: 300 },
];
const before = ["cache", "firewall", "both"];
/** PHP whose .htaccess asks Apache itself for HTTPS: a proxy of the account's stands before it. */
const phps = ["php", "asks"];
const programs = [
  ...tellingServers.flatMap(({ server, refusesBodies }) => (refusesBodies ? [] : [server.name])),
  ...before,
  "asks",
];
const webSockets = [...tellingServers.flatMap((each) => (each.webSockets ? [each.server.name] : [])), ...before];
const htaccess = `RewriteEngine On
RewriteRule ^rewritten$ /there [R=301,L]
Redirect 302 /moved/redirected /there
Redirect 302 /moved/away http://other.test/there
RewriteCond %{ENV:HTTPS} !=on
RewriteRule ^asked https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]
`;
/** As applications, and answers of years on the web, have it. */
const forcing = `RewriteEngine On
RewriteCond %{HTTPS} off
RewriteRule ^forced https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]
RewriteCond %{HTTPS} !=on
RewriteRule ^other https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]
RewriteCond %{SERVER_PORT} !^443$
RewriteRule ^port https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]
<If "%{REQUEST_SCHEME} != 'https'">
  Redirect 301 /scheme https://asks.alice.test/scheme
</If>
`;
const tells = tellingServers.find(({ server }) => server.kind === "php")!.files["php/index.php"]!;

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind(
    "alike",
    await servers(),
    {
      ...(Object.assign({}, ...tellingServers.map(({ files }) => files)) as Record<string, string>),
      ...{ "static/ten.txt": "0123456789", "php/ten.txt": "0123456789", "php/moved/.htaccess": htaccess },
      ...{ "asks/index.php": tells, "asks/.htaccess": forcing, "asks/moved/.htaccess": htaccess },
      "asks/ten.txt": "0123456789",
    },
    {},
    { tasksMax: 500, memoryMaxMb: 2048 },
  );
  // HTTP/2 without certificates.
  await kind.sh(
    `cd /var/lib/fairhost/current/nginx && sed -i 's/ default_server;/ default_server;\\n    http2 on;/' nginx.conf && systemctl reload nginx
until curl -s -o /dev/null --http2-prior-knowledge http://[::1]/; do sleep 0.2; done`,
  );
  // Caches and the firewall are up, and the program behind the proxy.
  for (const name of programs) await kind.getUntil(name, ({ status }) => status === 200, 60);
});
afterAll(() => kind?.[Symbol.asyncDispose]());

const told = async (server: string, path: string, ...words: string[]) => {
  const { status, body } = await kind.get(server, path, ...words);
  return { status, ...(JSON.parse(body) as { uri: string; headers: Record<string, string> }) };
};
const json = ["-H", "Content-Type: application/json", "--data-binary", "123"];
const curl = (server: string, words: string, path = "/") =>
  kind.sh(`curl -sS -g --max-time 20 -H 'Host: ${server}.alice.test' ${words} 'http://[::1]${path}'`);

describe.each(programs)("%s", (server) => {
  test.each(["OPTIONS", "POST", "PUT", "PATCH"])("gets %s with its body", async (method) => {
    expect(await told(server, "/x", "-X", method, ...json)).toMatchObject({ status: 200, method, body: "123" });
  });

  test("gets DELETE, and a body that waits for 100 Continue", async () => {
    expect(await told(server, "/x", "-X", "DELETE")).toMatchObject({ status: 200, method: "DELETE" });
    const waits = await told(server, "/x", ...json, "-H", "Expect: 100-continue");
    expect(waits).toMatchObject({ method: "POST", body: "123" });
  });

  test("is asked for HEAD, and the answer has no body", async () => {
    expect(await curl(server, "-I -o /dev/null -w '%{http_code} %{size_download}'", "/x")).toBe("200 0");
  });

  test.each(["/a%2Fb//c%20d/%E2%82%AC/f;g=h?x=%2F&y=a+b", "/a%3Fb%23c%25d", "/x?a//b?c"])(
    "gets %s as the visitor wrote it",
    async (path) => expect(await told(server, path)).toMatchObject({ uri: path }),
  );

  test("gets what the front end says of the visitor, and what the visitor may say", async () => {
    const forged = ["X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded", "Proxy"];
    const { headers } = await told(
      server,
      "/x",
      ...forged.flatMap((name) => ["-H", `${name}: 9.9.9.9`]),
      ...["-H", "Cookie: a=1", "-H", "Cookie: b=2", "-H", "Authorization: Bearer x", "-H", "X-Own: é"],
    );
    expect(JSON.stringify(headers)).not.toContain("9.9.9.9");
    expect(headers).toMatchObject({
      ...{ cookie: "a=1; b=2", authorization: "Bearer x", "x-forwarded-proto": "http", "x-forwarded-port": "80" },
      ...{ "x-real-ip": headers["x-forwarded-for"], "x-forwarded-host": `${server}.alice.test` },
    });
    const { stdout } = await kind.host.run(
      `curl -sS -g --http2-prior-knowledge -H 'Host: ${server}.alice.test' -H 'Cookie: a=1' -H 'Cookie: b=2' http://[::1]/x`,
    );
    expect(JSON.parse(stdout)).toMatchObject({ headers: { cookie: "a=1; b=2" } });
  });

  test("answers 204, 304 and 500 as it likes, and with two cookies", async () => {
    expect(await kind.get(server, "/none")).toMatchObject({ status: 204, body: "" });
    expect(await kind.get(server, "/same", "-H", 'If-None-Match: "x"')).toMatchObject({ status: 304, body: "" });
    expect(await kind.get(server, "/fails")).toMatchObject({ status: 500, body: "own page" });
    const answer = await curl(server, "-i", "/cookies");
    expect(answer.match(/^set-cookie: .*$/gim)?.map((line) => line.slice(12))).toEqual(["a=1", "b=2"]);
  });
});

test.each(webSockets)("%s: a WebSocket opens", async (server) => {
  const key = "-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='";
  const words = `-H 'Connection: Upgrade' -H 'Upgrade: websocket' ${key} -H 'Host: ${server}.alice.test'`;
  // It is awake then.
  await curl(server, "", "/x");
  await kind.host.run(`curl -sS -i -N -g --http1.1 --max-time 5 ${words} 'http://[::1]/x' >/root/socket`);
  expect(await kind.sh("head -n 1 /root/socket")).toBe("HTTP/1.1 101 Switching Protocols\r\n");
});

test.each(["node", "proxy", "cache-node"])(
  "%s: an interim answer (103) is not taken for the answer",
  async (server) => {
    for (const version of ["--http1.1", "--http2-prior-knowledge"])
      expect(await curl(server, `${version} -i`, "/early")).toMatch(/^HTTP\/\S+ 200[\s\S]*\r\n\r\nlate$/);
  },
);

test("a path that begins with several slashes: Apache makes one of them, all others pass it on", async () => {
  for (const server of programs)
    expect(await told(server, "//x//y"), server).toMatchObject({ uri: server === "proxy" ? "/x//y" : "//x//y" });
});

test.each(["static", ...phps])("%s: a part of a file, and one that is not there", async (server) => {
  const part = (range: string) => kind.get(server, "/ten.txt", "-H", `Range: bytes=${range}`);
  expect(await part("2-4")).toMatchObject({ status: 206, body: "234", headers: { "content-range": "bytes 2-4/10" } });
  expect((await part("20-40")).status).toBe(416);
  expect((await kind.get(server, "/ten.txt", "-X", "OPTIONS")).status).toBe(200);
});

test("a redirect answers every method", async () => {
  for (const method of ["GET", "OPTIONS", "DELETE", "POST"])
    expect(await kind.get("redirect", "/a%2Fb//c?d=e", "-X", method)).toMatchObject({
      ...{ status: 308, headers: { location: "https://new.test/a%2Fb//c?d=e" } },
    });
});

test("trailers of an answer do not arrive; what a cache cannot take is not the program's own error", async () => {
  expect(await kind.get("program", "/trailers")).toMatchObject({ status: 200, body: "body" });
  for (let time = 0; time < 20; time++) {
    const { status, body, headers } = await kind.get("cache", `/trailers?${time}`);
    const page = expect.stringContaining("ended without an answer") as unknown;
    // 200: it fails when the answer has begun already.
    expect([status, headers["x-varnish"], status === 200 ? page : body]).toEqual([
      status === 200 ? 200 : 502,
      undefined,
      page,
    ]);
  }
  const lines = await kind.sh("grep /trailers /srv/accounts/1/admin/logs/front-end/error.log || true");
  expect(
    lines.replaceAll(/.* 502 in .* s: the server's socket takes no connections, or its answer is not HTTP\n/g, ""),
  ).toBe("");
});

test("a password, a firewall, a cache and a path that is taken away, on one web site", async () => {
  const kim = ["-u", "kim:correct horse"];
  const get = (path: string, ...words: string[]) => kind.get("all", `/shop${path}`, ...words);
  for (const path of ["/x", "/kept"]) expect((await get(path)).status).toBe(401);
  const seen = JSON.parse((await get("/x?a=b", ...kim)).body) as { uri: string; headers: Record<string, string> };
  expect(seen).toMatchObject({ uri: "/x?a=b", headers: { "x-forwarded-prefix": "/shop" } });
  expect(seen.headers).not.toHaveProperty("authorization");
  expect((await get("/x?a=../../../../etc/passwd", ...kim)).status).toBe(403);
  const status = async (...words: string[]) => {
    const { status, headers } = await get("/kept", ...words);
    return `${status} ${headers["cache-status"]?.replace(/ttl=\d+/, "ttl")}`;
  };
  expect(await status(...kim)).toBe("200 fairhost; fwd=miss; stored");
  expect(await status(...kim)).toBe("200 fairhost; hit; ttl");
  // What is kept is for nobody else.
  expect(await status()).toBe("401 undefined");
});

test.each(programs)("%s: cookies that a browser sends in parts over HTTP/2 arrive as one header", async (server) => {
  const send = async (count: number) => {
    const cookies = Array.from({ length: count }, (_, n) => `c${n}=${"a".repeat(4000)}`);
    await kind.host.writeFile("/root/cookies", cookies.map((cookie) => `header = "Cookie: ${cookie}"\n`).join(""));
    return { sent: cookies.join("; "), answer: await curl(server, "--http2-prior-knowledge -K /root/cookies", "/x") };
  };
  for (const count of [4, 7]) {
    const { sent, answer } = await send(count);
    // Apache gives PHP no more than 16 KiB.
    if (phps.includes(server) && count > 4) expect(answer).toContain("header field exceeds server limit");
    else expect((JSON.parse(answer) as { headers: { cookie: string } }).headers.cookie).toBe(sent);
  }
});

test("headers that are too large together, and an address that is too long, are answered with a page", async () => {
  const many = Array.from({ length: 60 }, (_, n) => `header = "X-${n}: ${"~".repeat(1000)}"\n`);
  await kind.host.writeFile("/root/many", many.join(""));
  expect(await curl("node", "--http1.1 -w ' %{http_code}' -K /root/many")).toMatch(/larger than 32 KiB.* 400$/s);
  const long = `/${"a".repeat(16_500)}`;
  expect(await curl("node", "--http1.1 -w ' %{http_code}'", long)).toMatch(/longer than 16 KiB.* 414$/s);
  expect((await kind.get("node", "/.well-known/fairhost/address-too-long")).status).toBe(404);
});

test.each([
  ["one header", `header = "X-Long: ${"~".repeat(17_000)}"\n`],
  ["all together", Array.from({ length: 60 }, (_, n) => `header = "X-${n}: ${"~".repeat(1000)}"\n`).join("")],
])(
  "over HTTP/2 headers that are too large (%s) end the connection, with no answer of somebody else's (decision 123)",
  async (_, headers) => {
    await kind.host.writeFile("/root/large", headers);
    const ask =
      "curl -sS -g --max-time 20 --http2-prior-knowledge -w '%{http_code}' -H 'Host: node.alice.test' -o /dev/null";
    const { stdout, stderr } = await kind.host.run(`${ask} -K /root/large http://[::1]/x`);
    expect({ stdout, stderr }).toEqual({ stdout: "000", stderr: expect.stringMatching(/HTTP\/?2|ENHANCE_YOUR_CALM/) });
    expect(await kind.sh(`${ask} http://[::1]/x`)).toBe("200");
  },
);

test("PHP: of a header that Apache does not take the log says what to do", async () => {
  expect((await kind.get("php", "/large")).status).toBe(500);
  await expect.poll(() => kind.log("php")).toMatch(/fairhost: .* one of its headers is longer than 8 KiB/);
});

const sentOn = ["/forced?a=b", "/other", "/port", "/scheme"];
test.each(sentOn)("PHP: lines of .htaccess that send visitors to HTTPS send those of HTTP there: %s", async (path) => {
  const { status, headers } = await kind.get("asks", path);
  expect({ status, to: headers.location }).toEqual({ status: 301, to: `https://asks.alice.test${path}` });
});

describe("to visitors of HTTPS", () => {
  beforeAll(async () => {
    await kind.sh(`cd /var/lib/fairhost/current/nginx && sed -i 's/X-Forwarded-Proto $scheme;/X-Forwarded-Proto https;/; s/X-Forwarded-Port $server_port;/X-Forwarded-Port 443;/' nginx.conf && systemctl reload nginx
until curl -s -g -H 'Host: node.alice.test' http://[::1]/ | grep -q https; do sleep 0.2; done`);
  });
  const location = async (server: string, path: string) =>
    (await curl(server, "-i", path)).match(/(?<=^location: )\S+/gim);

  test.each(programs)("%s knows it", async (server) => {
    expect(await told(server, "/x")).toMatchObject({ scheme: "https", headers: { "x-forwarded-port": "443" } });
  });

  test.each(phps)("%s: PHP knows it in all its variables", async (server) => {
    expect(await told(server, "/x")).toMatchObject({ scheme: "https", port: "443", secure: "on" });
  });

  test.each(
    phps.flatMap((server) =>
      [
        ["/moved", `https://${server}.alice.test/moved/`],
        ["/moved/rewritten", `https://${server}.alice.test/there`],
        ["/moved/redirected", `https://${server}.alice.test/there`],
        ["/moved/away", "http://other.test/there"],
        ["/own", `http://${server}.alice.test/there`],
        ["/moved/asked", undefined],
      ].map(([path, to]) => [server, path!, to] as const),
    ),
  )("%s: Apache's redirect of %s leads to %s", async (server, path, to) => {
    expect(await location(server, path)).toEqual(to === undefined ? null : [to]);
  });

  test.each(sentOn)(
    "PHP: lines of .htaccess that send visitors to HTTPS let those of HTTPS through: %s",
    async (path) => {
      expect(await told("asks", path)).toMatchObject({ status: 200, uri: path, secure: "on" });
    },
  );

  test("PHP: the same lines, written while the server runs, send visitors on for ever, which the log says; a restart helps", async () => {
    const root = "/srv/accounts/1/home/php";
    await kind.sh(`cp -p ${root}/../asks/.htaccess ${root}/.htaccess`);
    expect(await location("php", "/forced?a=b")).toEqual(["https://php.alice.test/forced?a=b"]);
    await expect
      .poll(() => kind.log("php"))
      .toMatch(/fairhost: .htaccess sends a visitor of HTTPS .* touch the file restart-/);
    await kind.sh(`touch ${root}/../restart-php`);
    await expect.poll(() => location("php", "/forced?a=b"), { timeout: 60_000, interval: 200 }).toBe(null);
  });
});
