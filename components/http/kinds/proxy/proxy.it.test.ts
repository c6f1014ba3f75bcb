import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FixtureServer, programServer } from "../../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../../testing/kind-host.ts";
import { apacheSize } from "../../program/apache.ts";
import { headerSizeCases } from "../header-sizes.cases.ts";

const proxy = (name: string, to: string, change: object = {}): FixtureServer => ({
  ...({ kind: "proxy", name, to, keepHost: false, idleSeconds: 300 } as const),
  ...change,
});
const servers = [
  programServer("service", ["/usr/bin/node", "service.cjs"], { idleSeconds: 0 }),
  proxy("app", "http://127.0.0.1:9100/base/"),
  proxy("same", "http://127.0.0.1:9100", { keepHost: true }),
  proxy("brief", "http://127.0.0.1:9100", { idleSeconds: 2 }),
  proxy("tls", "https://localhost:9443"),
  proxy("misnamed", "https://127.0.0.1:9443"),
  proxy("late", "http://127.0.0.1:9101"),
  proxy("host", "http://127.0.0.1:9105"),
];
/** A service of the account with a port of its own, over HTTP and HTTPS. */
const service = `const http = require("node:http"), https = require("node:https"), fs = require("node:fs"), crypto = require("node:crypto");
const answer = (request, response) => {
  const [, size, count] = request.url.match(/size=([0-9]+)&count=([0-9]+)/) || [];
  for (let n = 0; n < (count || 0); n++) response.setHeader("X-Large-" + n, "a".repeat(size));
  if (request.url === "/moved") return response.writeHead(302, { Location: "http://127.0.0.1:9100/there" }).end();
  if (request.url === "/status") return response.writeHead(503, { "X-Own": "yes" }).end("own page");
  if (request.url.endsWith("/hold")) return;
  if (request.url === "/open") return http.createServer((_, late) => late.end("late")).listen(9101, () => response.end());
  if (request.url === "/stream") {
    let n = 0;
    const timer = setInterval(() => (n < 4 ? response.write("data: " + n++ + "\\n\\n") : (clearInterval(timer), response.end())), 500);
    return;
  }
  if (request.method === "POST") {
    const sum = crypto.createHash("sha256");
    return request.on("data", (data) => sum.update(data)).on("end", () => response.end(sum.digest("hex")));
  }
  const { host, via, "x-forwarded-for": from, "x-forwarded-host": asked } = request.headers;
  response.end(JSON.stringify({ url: request.url, host, from, asked, via }));
};
const upgrade = (_request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n");
  socket.on("data", (data) => setTimeout(() => socket.end(data), 4000));
};
http.createServer({ maxHeaderSize: 65536 }, answer).on("upgrade", upgrade).listen(9100, "127.0.0.1");
https.createServer({ key: fs.readFileSync("key.pem"), cert: fs.readFileSync("cert.pem") }, answer).listen(9443);
http.createServer((_, response) => response.end("service")).listen(process.env.PORT, "127.0.0.1");
`;

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind("proxy", servers, { "service.cjs": service, "key.pem": "", "cert.pem": "" });
  await kind.sh(`cd /srv/accounts/1/home && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null && cat cert.pem >>/etc/ssl/certs/ca-certificates.crt`);
  await kind.sh("systemctl restart fairhost-view.service account-1-http-service.service");
  await kind.getUntil("service", ({ body }) => body === "service", 60);
});
afterAll(() => kind?.[Symbol.asyncDispose]());

headerSizeCases(() => kind, "app", "/");

const json = async (server: string, path: string) => JSON.parse((await kind.get(server, path)).body) as object;

describe("a request that is passed on", () => {
  test("to a service of the account, with path and query as the visitor wrote them", async () => {
    const cold = await kind.get("app", "/a%2Fb/c%20d?q=%26");
    console.info(`proxy: cold ${cold.seconds} s`);
    expect(JSON.parse(cold.body)).toEqual({
      ...{ url: "/base/a%2Fb/c%20d?q=%26", host: "127.0.0.1:9100" },
      ...{ from: "::1", asked: "app.alice.test" },
    });
    expect(await json("same", "/")).toMatchObject({ host: "same.alice.test" });
  });

  test("over TLS, if the certificate is the server's", async () => {
    expect(await json("tls", "/x")).toMatchObject({ url: "/x", host: "localhost:9443" });
    expect((await kind.get("misnamed")).status).toBeGreaterThanOrEqual(500);
    await expect.poll(() => kind.log("misnamed")).toMatch(/apache: \[error\] .*(?:certificate|handshake|SSL)/i);
  });

  test("uploads arrive whole, the server's own errors and redirects come back", async () => {
    const sum = await kind.sh("head -c 20000000 /dev/zero | sha256sum | cut -d' ' -f1");
    await kind.sh("head -c 20000000 /dev/zero >/root/upload");
    expect(`${(await kind.get("same", "/", "-T", "/root/upload", "-X", "POST")).body}\n`).toBe(sum);
    expect(await kind.get("same", "/status")).toMatchObject({
      status: 503,
      body: "own page",
      headers: { "x-own": "yes" },
    });
    expect((await kind.get("same", "/moved")).headers).toMatchObject({ location: "http://same.alice.test/there" });
  });

  test("a server that does not answer is said in the log, and asked again each time", async () => {
    expect((await kind.get("late")).status).toBe(503);
    await expect.poll(() => kind.log("late")).toMatch(/attempt to connect to 127.0.0.1:9101 .*failed/);
    await kind.get("same", "/open");
    expect(await kind.get("late")).toMatchObject({ status: 200, body: "late" });
  });
});

describe("streams and sleep", () => {
  test("events arrive as they are sent, a WebSocket outlives the idle time, then Apache ends", async () => {
    const socket = `exec 3<>/dev/tcp/::1/80; printf 'GET /echo HTTP/1.1\\r\\nHost: brief.alice.test\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n' >&3
      for _ in 1 2 3 4; do read -r line <&3; done; printf hello >&3; cat <&3`;
    expect(await kind.sh(`timeout 60 bash -c '${socket.replaceAll("'", "'\\''")}'`)).toMatch(/hello$/);
    const lines = await kind.sh(
      "curl -sS -N -g -H 'Host: brief.alice.test' 'http://[::1]/stream' | while read -r line; do [ -z \"$line\" ] || date +%s%3N; done",
    );
    const times = lines.trim().split("\n").map(Number);
    expect(times.at(-1)! - times[0]!).toBeGreaterThan(1000);
    await expect.poll(() => kind.state("brief"), { timeout: 30_000, interval: 500 }).toMatch(/inactive/);
    expect((await kind.get("brief", "/again")).status).toBe(200);
  });
});

test("one visitor gets half of what it takes at once, is told what is over after a while, and others get in", async () => {
  await kind.sh("ip address add fd00:9::1/128 dev lo nodad");
  const share = apacheSize(200).places / 2;
  const held = await kind.sh(`python3 -c '
import collections, selectors, socket, subprocess, time
selector, found = selectors.DefaultSelector(), collections.Counter()
for n in range(200):
    one = socket.create_connection(("::1", 80))
    one.sendall(b"GET /hold HTTP/1.1\\r\\nHost: app.alice.test\\r\\n\\r\\n")
    selector.register(one, selectors.EVENT_READ)
end = time.monotonic() + 60
while time.monotonic() < end and len(selector.get_map()) > ${share}:
    for key, _ in selector.select(1):
        answer = key.fileobj.recv(4096)
        found[answer[9:12].decode() + (" with a page" if b"Retry-After" in answer else "")] += 1
        selector.unregister(key.fileobj)
curl = ["curl", "-sS", "--max-time", "30", "-o", "/dev/null", "-w", "%{http_code}", "-g", "--interface", "fd00:9::1", "-H", "Host: app.alice.test"]
print(dict(found), len(selector.get_map()), subprocess.run([*curl, "http://[fd00:9::1]/"], capture_output=True, text=True).stdout)
'`);

  expect(held).toBe(`{'429 with a page': ${200 - share}} ${share} 200\n`);
});

test("a body that drips is given up after half a minute, a slow line's arrives, and a WebSocket may be silent for longer", async () => {
  const program = join(import.meta.dirname, "../../../../testing/programs/slow-visitor.py");
  await kind.host.writeFile("/root/slow-visitor.py", readFileSync(program));
  const visit = (form: string) => `python3 /root/slow-visitor.py ${form} same.alice.test 1 100 ::1 ::1 >/root/${form}`;
  const silent = `exec 3<>/dev/tcp/::1/80; printf "GET /echo HTTP/1.1\r\nHost: same.alice.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" >&3
    for n in 1 2 3 4; do read -r line <&3; done; sleep 45; printf hello >&3; cat <&3 >/root/silent`;
  await kind.host.writeFile("/root/silent.sh", silent);
  await kind.host.run(`${visit("drips")} & ${visit("modems")} & timeout 90 bash /root/silent.sh & wait`, {
    timeout: 120_000,
  });
  expect(await kind.sh("cat /root/modems")).toMatch(/\{'200': 1\} [34]\d\./);
  expect(await kind.sh("cat /root/drips")).toMatch(/\{'(?:4..|5..|cut)': 1\} [34]\d\./);
  expect(await kind.sh("cat /root/silent")).toMatch(/hello$/);
});

test("127.0.0.1 is the account's own: nothing of the host is reached through it", async () => {
  await kind.sh("systemd-run --quiet --unit of-the-host python3 -m http.server 9105 --bind 127.0.0.1");
  await expect
    .poll(() => kind.sh("curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:9105/ || true"), { timeout: 20_000 })
    .toBe("200");
  expect((await kind.get("host")).status).toBe(503);
  await kind.sh("systemctl stop of-the-host");
});
