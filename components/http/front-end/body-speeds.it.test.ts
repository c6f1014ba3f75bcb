import { afterAll, beforeAll, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";

/** A body that drips is given up, to whatever kind of server it goes; one that a slow line sends is not. */
const wsgi = `def app(environ, start_response):
    got = len(environ["wsgi.input"].read())
    start_response("200 OK", [])
    return [b"got %d" % got]
`;
const asgi = `async def app(scope, receive, send):
    if scope["type"] != "http": return
    got, more = 0, True
    while more:
        event = await receive()
        if event["type"] != "http.request": return
        got, more = got + len(event["body"]), event.get("more_body")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"got %d" % got})
`;
const node = `require("node:http").createServer((asked, answer) => {
  let got = 0;
  asked.on("data", (data) => (got += data.length)).on("end", () => answer.end("got " + got));
}).listen(Number(process.env.PORT));
`;
/** Takes 50 KB a second, whatever comes, from one who sends to it, and says how much in how many seconds. */
const slow = `require("node:http").createServer((asked, answer) => {
  let got = 0;
  const begun = Date.now();
  asked.on("data", (data) => {
    got += data.length;
    asked.pause();
    setTimeout(() => asked.resume(), data.length / 50);
  });
  asked.on("end", () => answer.end("got " + got + " in " + Math.round((Date.now() - begun) / 1000)));
}).listen(Number(process.env.PORT));
`;
const common = { environment: {}, idleSeconds: 300, directory: "app" } as const;
const python = { ...common, kind: "python", workers: 1, threads: 8 } as const;
const servers: readonly FixtureServer[] = [
  { kind: "node", name: "node", main: "take.js", arguments: [], nodeOptions: [], ...common },
  { kind: "program", name: "program", command: ["/usr/bin/node", "take.js"], socketActivation: false, ...common },
  { kind: "node", name: "slow", main: "slow.js", arguments: [], nodeOptions: [], ...common },
  { ...python, name: "wsgi", interface: "wsgi", application: "wsgi:app" },
  { ...python, name: "asgi", interface: "asgi", application: "asgi:app" },
  {
    kind: "php",
    name: "php",
    root: "php",
    fallback: "index.php",
    workers: 8,
    ini: {},
    environment: {},
    idleSeconds: 300,
  },
  { kind: "proxy", name: "proxy", to: "http://127.0.0.1:8002", keepHost: false, idleSeconds: 300 },
];
const names = servers.map(({ name }) => name).filter((name) => name !== "slow");

const versions = ["--http1.1", "--http2-prior-knowledge"];
const cases = names.flatMap((name) => versions.map((version) => [name, version] as const));

let kind: KindHost;
const sh = async (command: string) => {
  const { stdout, stderr } = await kind.host.run(command, { timeout: 150_000 });
  return stdout + stderr;
};
/** What curl found: what it got or why not, the status and the seconds; all that is sent is sent in the same minute. */
let found: Readonly<Record<string, string>>;
const words = "curl -sS -g --max-time 80 -w ' %{http_code} %{time_total}'";
/** Over HTTP/2 without a length. */
const send = (name: string, version: string, bytes: number) =>
  `{ for n in $(seq 60); do head -c ${bytes} /dev/zero; sleep 1; done 2>/dev/null |
    ${words} -T . ${version === "--http1.1" ? "-H 'Content-Length: 600000' -H 'Transfer-Encoding:'" : ""} -H 'Host: ${name}.alice.test' ${version} 'http://[::1]/' >/root/found/${name}${version}-${bytes} 2>/dev/null; } &\n`;
const secondsOf = (answer: string | undefined) => Number(/ ([\d.]+)$/.exec(answer ?? "")?.[1]);
const workers = async () => (await sh("pgrep -f '[n]ginx: worker'")).trim().split("\n");

beforeAll(async () => {
  kind = await bootKind("body-speeds", servers, {
    ...{ "app/wsgi.py": wsgi, "app/asgi.py": asgi, "app/take.js": node, "app/slow.js": slow },
    "php/index.php": `<?php echo "got ", strlen(file_get_contents("php://input"));`,
  });
  // HTTP/2 without certificates.
  await sh(
    "cd /var/lib/fairhost/current/nginx && sed -i 's/ default_server;/ default_server;\\n    http2 on;/' nginx.conf && systemctl reload nginx; sleep 1",
  );
  for (const name of names)
    expect(await kind.get(name, "/", "--data", "abc")).toMatchObject({ status: 200, body: "got 3" });
  const all = cases.flatMap(([name, version]) => [1, 10_000].map((bytes) => send(name, version, bytes))).join("");
  await sh(`mkdir /root/found
${all}wait`);
  const texts = await sh('cd /root/found; for file in *; do echo "$file: $(cat $file)"; done');
  console.info(texts, await sh("cat /srv/accounts/1/admin/logs/front-end/error.log"));
  found = Object.fromEntries(
    texts
      .trim()
      .split("\n")
      .map((line) => line.split(": ", 2) as [string, string]),
  );
}, 240_000);
afterAll(() => kind?.[Symbol.asyncDispose]());

test.each(cases)("%s %s: a body of a byte a second is given up", async (name, version) => {
  const answer = found[`${name}${version}-1`];
  expect(answer).not.toMatch(/got| 200 /);
  expect(secondsOf(answer)).toBeGreaterThan(29);
  expect(secondsOf(answer)).toBeLessThan(50);
});

test.each(names)("%s: the account's log says why", async (name) => {
  expect(await sh("cat /srv/accounts/1/admin/logs/front-end/error.log")).toMatch(
    new RegExp(`${name}\\.alice\\.test 4.*the body came with less than 4 KiB a second`),
  );
});

test.each(cases)("%s %s: 10 KB a second arrive", async (name, version) => {
  expect(found[`${name}${version}-10000`]).toMatch(/^got 600000 200 6/);
});

test("a reload makes no difference", async () => {
  const before = await workers();
  await sh(
    `{ sleep 3; systemctl reload nginx; } & ${send("node", "--http1.1", 1).replace(/-H 'Content-Length.*?:' /, "")} wait`,
  );
  expect(secondsOf(await sh("cat /root/found/node--http1.1-1"))).toBeLessThan(50);
  await expect.poll(workers, { timeout: 15_000 }).toHaveLength(before.length);
  expect((await workers()).filter((worker) => before.includes(worker))).toEqual([]);
}, 120_000);

// The last: it changes the least speed, so that no body need last for minutes to be slower than that.
test("whose data waits because its server takes it slowly is not given up; who is slow is", async () => {
  const before = await workers();
  await sh(
    "cd /var/lib/fairhost/current/nginx && sed -i 's/start({ seconds = [0-9]*, rate = [0-9]*/start({ seconds = 5, rate = 1000000/' nginx.conf && systemctl reload nginx",
  );
  await expect
    .poll(async () => (await workers()).filter((one) => before.includes(one)), { timeout: 30_000 })
    .toEqual([]);
  const bytes = 2_000_000;
  await sh(`head -c ${bytes} /dev/zero >/root/waits`);
  const curl = (name: string, more = "") =>
    sh(`${words} -T /root/waits ${more} -H 'Host: ${name}.alice.test' http://[::1]/ </dev/null 2>/dev/null || true`);
  const [waits, drips] = await Promise.all([curl("slow"), curl("node", "--limit-rate 50000")]);
  // Three looks at least, each of which would have ended it.
  expect(Number(/ in (\d+) /.exec(waits)?.[1]), waits).toBeGreaterThan(20);
  expect(waits).toMatch(new RegExp(`^got ${bytes} .*200 `));
  expect(drips).not.toMatch(/got|200/);
}, 120_000);
