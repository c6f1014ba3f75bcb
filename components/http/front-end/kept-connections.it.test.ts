import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { placeBundle, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, type FixtureServer, programServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { connections } from "./connections.ts";

/**
 * Says who it is, which of its connections a request came on, the how-many-eth of that connection it is, and its header Connection. /once answers
 * nothing if it is not the first of its connection, /never answers nothing at all.
 */
const program = `const http = require("node:http");
let connections = 0;
const server = http.createServer((request, answer) => {
  const { socket, method, url, headers } = request;
  socket.requests = (socket.requests ?? 0) + 1;
  if (url === "/never" || (url === "/once" && socket.requests > 1)) return socket.destroy();
  const said = JSON.stringify({ who: process.env.WHO, url, on: socket.number, nth: socket.requests, connection: headers.connection });
  request.resume().on("end", () => (answer.writeHead(200, { "X-Said": said }), answer.end(said)));
});
// It leaves it to others to close connections.
server.keepAliveTimeout = 0;
server.on("connection", (socket) => (socket.number = ++connections))
  .on("upgrade", ({ headers }, socket) => socket.end("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n" +
    "X-Said: " + JSON.stringify({ who: process.env.WHO, on: socket.number, nth: (socket.requests ?? 0) + 1, connection: headers.connection }) + "\\r\\n\\r\\nend"))
  .listen(process.env.PORT);
`;
const node = (name: string, who: string, change: object = {}): FixtureServer => ({
  ...({ kind: "node", name, main: "server.js", arguments: [], nodeOptions: [], directory: "." } as const),
  ...{ environment: { WHO: who }, idleSeconds: 300, ...change },
});
const accounts = [
  {
    number: 1,
    name: "alice",
    servers: [
      node("app", "alice"),
      { ...node("blog", "blog"), addresses: ["app.alice.test/blog"], trimPath: true },
      node("brief", "brief", { idleSeconds: 2 }),
      programServer("own", ["/usr/bin/node", "server.js"], { environment: { WHO: "own" } }),
    ],
  },
  { number: 2, name: "bob", servers: [node("app", "bob")] },
];

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
interface Said {
  readonly who: string;
  readonly url?: string;
  readonly on: number;
  readonly nth: number;
  readonly connection?: string;
}
/** One curl for all paths, so the front end has one visitor after another. @returns what the program said of each request */
async function ask(name: string, options: string, ...paths: string[]): Promise<Said[]> {
  const urls = paths.map((path) => `-o /dev/null http://[::1]${path}`).join(" ");
  const text = await sh(`curl -sS -g --max-time 30 -D - ${options} -H 'Host: ${name}' ${urls}`);
  return [...text.matchAll(/^X-Said: (.*?)\r?$/gim)].map(([, said]) => JSON.parse(said!) as Said);
}
const times = (count: number, path = "/") => Array.from({ length: count }, () => path);
const status = (name: string, path: string, options = "") =>
  sh(`curl -sS -g --max-time 30 -o /dev/null -w '%{http_code}' ${options} -H 'Host: ${name}' http://[::1]${path}`);

beforeAll(async () => {
  host = await bootContainer({ name: "kept" });
  for (const { number } of accounts) await host.writeFile(`/srv/accounts/${number}/home/server.js`, program);
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  // Each worker keeps its own: with one, it is certain which connections are there.
  await sh("sed -i 's/^worker_processes .*/worker_processes 1;/' /var/lib/fairhost/current/nginx/nginx.conf");
  await sh("systemctl reload nginx; until [ $(pgrep -cf '[n]ginx: worker') = 1 ]; do sleep 0.1; done");
});
afterAll(() => host?.stop());

test("one connection serves request after request, with no word of its end", async () => {
  const said = await ask("app.alice.test", "", ...times(20));
  expect(said).toHaveLength(20);
  expect(new Set(said.map(({ on }) => on)).size).toBe(1);
  expect(said.at(-1)!.nth - said[0]!.nth).toBe(19);
  expect(new Set(said.map(({ connection }) => connection))).toEqual(new Set([undefined]));
});

test("also where a path is taken away from requests", async () => {
  const said = await ask("app.alice.test", "", "/blog/", "/blog/a%20b/c?d=/e");
  expect(said.map(({ who, url, connection }) => [who, url, connection])).toEqual([
    ["blog", "/", undefined],
    ["blog", "/a%20b/c?d=/e", undefined],
  ]);
  expect(said[1]!.nth).toBe(said[0]!.nth + 1);
});

test.each([
  ["a POST", "-d x"],
  ["a POST without a body", "-X POST"],
  ["a GET with a body", "-X GET -d x"],
  ["a GET with a body without a length", "-X GET -d x -H 'Transfer-Encoding: chunked'"],
  ["a HEAD", "-I"],
  ["a DELETE", "-X DELETE"],
])("%s has a connection of its own", async (_what, options) => {
  await ask("app.alice.test", "", "/");
  const said = await ask("app.alice.test", options, "/", "/");
  expect(said.map(({ nth, connection }) => [nth, connection])).toEqual(times(2).map(() => [1, "close"]));
});

test("no header makes an upgrade a request on a kept connection", async () => {
  for (const upgrade of ["] unix:", "1 GET |"]) {
    const said = await ask("app.alice.test", `-H 'Upgrade: ${upgrade}' -H 'Connection: upgrade'`, ...times(2));
    expect(said.map(({ nth }) => nth)).toEqual([1, 1]);
  }
});

test("so has a WebSocket, and so has each request to a program that may take one at a time", async () => {
  await ask("app.alice.test", "", "/");
  const upgrade = "-H 'Connection: Upgrade' -H 'Upgrade: echo'";
  expect(await ask("app.alice.test", upgrade, "/")).toMatchObject([{ nth: 1, connection: "upgrade" }]);
  const said = await ask("own.alice.test", "", ...times(3));
  expect(said.map(({ nth, connection }) => [nth, connection])).toEqual(times(3).map(() => [1, "close"]));
});

test("servers of the same name in two accounts, asked at once: each answers its own visitors", async () => {
  const loop = (name: string) =>
    `for i in $(seq 15); do curl -sS -g --max-time 30 -H 'Host: ${name}' ${times(20, "http://[::1]/").join(" ")}; done`;
  const whose = (name: string) => `(${loop(name)}) | grep -o '"who":"[a-z]*"' | sort | uniq -c`;
  const count = await sh(
    `(${whose("app.alice.test")}) >/run/alice & (${whose("app.bob.test")}) >/run/bob & wait; cat /run/alice /run/bob`,
  );
  expect(count.trim().split(/\s*\n\s*/)).toEqual(['300 "who":"alice"', '300 "who":"bob"']);
});

test("a request on a kept connection that the server closes at that moment is asked again on a new one; others never stand there", async () => {
  for (let round = 0; round < 10; round++) {
    const [first, second] = await ask("app.alice.test", "", "/", "/once");
    expect(first!.who).toBe("alice");
    expect(second).toMatchObject({ who: "alice", nth: 1 });
  }
  await ask("app.alice.test", "", "/");
  expect(await status("app.alice.test", "/once", "-d x")).toBe("200");
});

test("a request that is answered by no connection fails once, and the log says why", async () => {
  await ask("app.alice.test", "", "/");
  expect(await status("app.alice.test", "/never")).toBe("502");
  await expect
    .poll(() => sh("tail -n 1 /srv/accounts/1/admin/logs/front-end/error.log"))
    .toMatch(/"GET \/never HTTP\/1.1" .* 502 in .* s: the server closed the connection without an answer\n$/);
});

test("a server that is stopped, restarted or killed while a connection is kept costs no request", async () => {
  const unit = "account-1-http-app";
  for (const end of [
    `systemctl stop ${unit}.service`,
    `systemctl restart ${unit}.service`,
    `systemctl kill -s KILL ${unit}.service`,
  ]) {
    expect((await ask("app.alice.test", "", "/", "/"))[1]!.nth).toBeGreaterThan(1);
    await sh(end);
    expect([end, await status("app.alice.test", "/")]).toEqual([end, "200"]);
  }
});

test("a kept connection is closed before a server closes it, and does not keep one awake", async () => {
  const [first] = await ask("app.alice.test", "", "/");
  await sh(`sleep ${connections.keptSeconds + 1}`);
  const [later] = await ask("app.alice.test", "", "/");
  expect([first!.who, later!.nth]).toEqual(["alice", 1]);
  expect(later!.on).toBeGreaterThan(first!.on);

  await ask("brief.alice.test", "", ...times(3));
  const state = () => sh("systemctl is-active account-1-http-brief.service || true");
  await expect.poll(state, { timeout: 15_000, interval: 500 }).toBe("inactive\n");
  expect(await ask("brief.alice.test", "", "/")).toMatchObject([{ who: "brief", on: 1, nth: 1 }]);
});

test("after a reload nothing goes over a connection of before", async () => {
  const [, before] = await ask("app.alice.test", "", "/", "/");
  expect(before!.nth).toBeGreaterThan(1);
  // From then on the new worker alone takes connections.
  await sh(`old=$(pgrep -f '[n]ginx: worker process$'); systemctl reload nginx
    until pgrep -f '[n]ginx: worker process$' >/run/workers && ! grep -qx "$old" /run/workers; do sleep 0.1; done`);
  const [after] = await ask("app.alice.test", "", "/");
  expect([after!.nth, after!.on > before!.on]).toEqual([1, true]);
});
