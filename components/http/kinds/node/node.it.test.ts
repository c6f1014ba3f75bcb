import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FixtureServer } from "../../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../../testing/kind-host.ts";
import { headerSizeCases } from "../header-sizes.cases.ts";

const node = (name: string, change: object = {}): FixtureServer => ({
  ...({ kind: "node", name, main: "server.js", arguments: [], nodeOptions: [] } as const),
  ...{ directory: name, environment: {}, idleSeconds: 300, ...change },
});
const servers = [
  node("app", { arguments: ["a b"], environment: { WHO: "alice & co" }, nodeOptions: ["--max-old-space-size=100"] }),
  node("brief", { main: "server.mjs", idleSeconds: 2 }),
  node("throws"),
  node("forgets", { startSeconds: 3 }),
  node("closes"),
];
/** As its authors write it, with a port and with helpers that must not take the socket. */
const program = `const http = require("node:http"), { fork } = require("node:child_process"), { Worker } = require("node:worker_threads");
const crypto = require("node:crypto");
const child = fork(__filename.replace("server", "child"), { stdio: "inherit" });
const worker = new Worker(__filename.replace("server", "child"));
const said = {};
child.on("message", (text) => (said.child = text));
worker.on("message", (text) => (said.worker = text));
const server = http.createServer((request, response) => {
  if (request.url === "/kill") process.exit(3);
  const [, size, count] = request.url.match(/size=([0-9]+)&count=([0-9]+)/) || [];
  for (let n = 0; n < (count || 0); n++) response.setHeader("X-Large-" + n, "a".repeat(size));
  if (request.method === "POST") {
    const sum = crypto.createHash("sha256");
    return request.on("data", (data) => sum.update(data)).on("end", () => response.end(sum.digest("hex")));
  }
  response.end(JSON.stringify({ user: process.getuid(), who: process.env.WHO, from: request.socket.remoteAddress,
    for: request.headers["x-forwarded-for"], words: process.argv.slice(2), here: process.cwd(), said, version: 1 }));
});
server.listen(process.env.PORT || 3000, () => console.log("listening on port " + server.address().port));
// A second port is its own affair.
http.createServer((_, response) => response.end("metrics")).listen(9100);
`;
const child = `const http = require("node:http"), { parentPort } = require("node:worker_threads");
const tell = (text) => (parentPort ? parentPort.postMessage(text) : process.send(text));
const server = http.createServer(() => {});
server.listen(0, "127.0.0.1", () => tell(typeof server.address().port === "number" && server.address().address));
`;
const brief = `import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
const server = createServer((request, response) => {
  if (request.url !== "/stream") return response.end("brief");
  let n = 0;
  const timer = setInterval(() => (n < 5 ? response.write(String(n++)) : (clearInterval(timer), response.end())), 1000);
}).on("upgrade", (request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n");
  socket.on("data", (data) => setTimeout(() => socket.end(data), 5000));
}).listen({ port: 8080, host: "0.0.0.0" });
process.on("SIGTERM", () => { writeFileSync("ended", "in good order"); server.close(() => process.exit(0)); });
`;
const files = {
  "app/server.js": program,
  "app/child.js": child,
  "brief/server.mjs": brief,
  "throws/server.js": 'throw new Error("said by the program")',
  "forgets/server.js": "setInterval(() => {}, 1000)",
  "closes/server.js": `const server = require("node:http").createServer((_, response) => response.end("up", () => server.close()));
server.listen(1234); setInterval(() => {}, 1000)`,
};

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind("node", servers, files);
});
afterAll(() => kind?.[Symbol.asyncDispose]());

headerSizeCases(() => kind, "app", "/");

describe("an ordinary program", () => {
  test("its first request starts it; its listen() takes the socket, and no other one of its processes and threads does", async () => {
    const cold = await kind.get("app");
    const warm = await kind.getUntil("app", ({ body }) => body.includes("worker") && body.includes("child"), 20);
    expect(JSON.parse((await kind.get("app")).body)).toEqual({
      ...{ user: 1_900_000_001, who: "alice & co", from: "::1", for: "::1", words: ["a b"], here: "/home/alice/app" },
      ...{ said: { child: "127.0.0.1", worker: "127.0.0.1" }, version: 1 },
    });
    expect(cold.status).toBe(200);
    console.info(`node: cold ${cold.seconds} s, answers until its helpers had started: ${warm.length}`);
    expect(await kind.log("app")).toContain("listening on port 8001");
  });

  test("uploads arrive whole", async () => {
    await kind.sh("head -c 30000000 /dev/zero > /root/upload");
    const sum = (await kind.sh("sha256sum < /root/upload")).split(" ")[0];
    expect((await kind.get("app", "/", "--data-binary", "@/root/upload")).body).toBe(sum);
  });

  test("new code is started while visitors keep coming, without a refused request", async () => {
    await kind.host.writeFile("/srv/accounts/1/home/app/server.js", program.replace("version: 1", "version: 2"));
    await kind.sh("touch /srv/accounts/1/home/restart-app");
    const statuses = await kind.getUntil("app", ({ body }) => body.includes('"version":2'), 30);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test("a program that dies is started again under traffic", async () => {
    await kind.get("app", "/kill");
    await kind.getUntil("app", ({ status }) => status === 200, 30);
    expect(await kind.log("app")).toContain("the program ended with status 3");
  });
});

// They wait for time to pass, most of it, so they wait together.
describe.concurrent("what takes its time", () => {
  test("streams and upgraded connections count as activity; then it ends in good order, and wakes again", async ({
    expect,
  }) => {
    expect((await kind.get("brief")).body).toBe("brief");
    expect((await kind.get("brief", "/stream")).body).toBe("01234");
    const client = `import socket
peer = socket.create_connection(("::1", 80))
peer.sendall(b"GET / HTTP/1.1\\r\\nHost: brief.alice.test\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n")
assert b" 101 " in peer.recv(4096)
peer.sendall(b"hello")
print(peer.recv(100).decode())`;
    expect(await kind.sh(`python3 -c '${client}'`)).toBe("hello\n");
    await expect.poll(() => kind.state("brief"), { interval: 200, timeout: 20_000 }).toBe("inactive");
    expect(await kind.sh("cat /srv/accounts/1/home/brief/ended")).toBe("in good order");
    expect(await kind.log("brief")).toBe("");
    expect((await kind.get("brief")).body).toBe("brief");
  });

  test.for([
    ["throws", "said by the program"],
    ["forgets", "the program takes no requests after 3 s, and is ended"],
  ] as const)("%s: visitors are told in seconds, and the log says why", async ([server, words], { expect }) => {
    const { status, seconds } = await kind.get(server);
    expect(status).toBe(502);
    expect(seconds).toBeLessThan(40);
    await expect.poll(() => kind.log(server)).toContain(words);
  });

  test("a program that closes its server, but runs on, is started anew", async () => {
    expect(await kind.get("closes")).toMatchObject({ status: 200, body: "up" });
    // Whoever waits meanwhile is answered by the new program, or is turned away.
    const { status, seconds } = await kind.get("closes");
    expect([200, 502]).toContain(status);
    expect(seconds).toBeLessThan(100);
    // It may close before it has been seen to serve.
    expect(await kind.log("closes")).toMatch(/the program (?:runs, but no longer takes connections|takes no requests)/);
  }, 130_000);
});
