import { afterAll, beforeAll, expect, test } from "vitest";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";

/** /hold answers half, and the rest once somebody asks for /finish; what comes over an upgraded connection goes back. */
const program = `const held = [];
require("node:http").createServer((asked, answer) => {
  if (asked.url === "/hold") return answer.write("a"), held.push(answer);
  if (asked.url === "/finish") for (const each of held.splice(0)) each.end("b");
  answer.end("ok");
}).on("upgrade", (_, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n");
  socket.on("error", () => {}).pipe(socket);
}).listen(process.env.PORT);
`;

/** Opens requests and upgraded connections; says "open" when each has its first byte, then waits for the file /run/go, finishes all and says what came of them. */
const visitor = `const http = require("node:http"), { existsSync } = require("node:fs"), { setTimeout: sleep } = require("node:timers/promises");
const [name, requests, sockets] = [process.argv[1], Number(process.argv[2]), Number(process.argv[3])];
const ask = (path, headers = {}) => http.get({ host: "::1", agent: false, path, headers: { Host: name, ...headers } });
const first = (from) => new Promise((done, fail) => from.once("data", (data) => done(String(data))).once("error", fail));
const held = () => new Promise((done, fail) => ask("/hold").on("error", fail).on("response", async (answer) => {
  let text = await first(answer);
  const whole = new Promise((all) => answer.on("data", (more) => (text += more)).on("end", () => all(text)).on("error", ({ code }) => all(code)));
  done({ whole });
}));
const socket = () => new Promise((done, fail) => ask("/", { Connection: "Upgrade", Upgrade: "echo" }).on("error", fail).on("upgrade", (_, opened) => {
  const say = (word) => { opened.write(word); return first(opened).catch(({ code }) => code); };
  opened.on("close", () => opened.emit("error", { code: "closed" })).on("error", () => {});
  say("1").then(() => done(say));
}));
(async () => {
  const answers = await Promise.all(Array.from({ length: requests }, held));
  const open = await Promise.all(Array.from({ length: sockets }, socket));
  console.log("open");
  while (!existsSync("/run/go")) await sleep(50);
  const echoes = await Promise.all(open.map((say) => say("2")));
  ask("/finish").on("response", (answer) => answer.resume());
  const texts = await Promise.all(answers.map(({ whole }) => whole));
  console.log(JSON.stringify({ texts, echoes }));
  process.exit();
})();
`;

let kind: KindHost;
beforeAll(async () => {
  const server = { kind: "node", name: "app", main: "app.js", arguments: [], nodeOptions: [], directory: "." } as const;
  kind = await bootKind("reload", [{ ...server, environment: {}, idleSeconds: 300 }], { "app.js": program });
  expect((await kind.get("app")).status).toBe(200);
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test("of 100 requests in flight and 50 open WebSockets a reload of the front end loses none", async () => {
  const { sh, host } = kind;
  await host.writeFile("/root/visitor.cjs", visitor.replaceAll("process.argv[", "process.argv.slice(1)["));
  await sh(
    "systemd-run -q --unit visitor -p StandardOutput=truncate:/run/seen node /root/visitor.cjs app.alice.test 100 50",
  );
  const seen = () => sh("cat /run/seen 2>/dev/null || true");
  await expect.poll(seen, { timeout: 60_000 }).toBe("open\n");
  // Twice: the second one finds workers that are on their way out.
  for (let time = 0; time < 2; time++) {
    const before = await sh("pgrep -f '^nginx: worker process$'");
    await sh("systemctl reload nginx");
    const taken = async () => {
      const now = (await sh("pgrep -f '^nginx: worker process$' || true")).trim().split("\n");
      return now[0] !== "" && now.every((pid) => !before.split("\n").includes(pid));
    };
    await expect.poll(taken, { timeout: 30_000 }).toBe(true);
  }
  // Who holds them is still there, and takes nobody else.
  expect(Number(await sh("pgrep -cf '^nginx: worker process is shutting down$'"))).toBeGreaterThan(0);
  await sh("touch /run/go");
  await expect.poll(seen, { timeout: 60_000 }).toContain("}");
  const { texts, echoes } = JSON.parse((await seen()).split("\n")[1]!) as Record<string, string[]>;
  expect(texts).toEqual(Array.from({ length: 100 }, () => "ab"));
  expect(echoes).toEqual(Array.from({ length: 50 }, () => "2"));
});
