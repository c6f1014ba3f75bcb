import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { placeBundle, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, programServer, staticServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { pauseCase, restartCases, version } from "../program/restarts.cases.ts";
import { manyConnectionsCases } from "./many-connections.cases.ts";

/** What programs do that they should not, and what becomes of their visitors, their neighbours and their log. */
const node = (file: string) => ["/usr/bin/node", file];
const python = (...words: string[]) => ["/usr/bin/python3", ...words];
const shuts = (how: string) =>
  python(
    "-c",
    `import socket; s = socket.socket(fileno=3); c = s.accept()[0]; c.recv(4096); s.shutdown(socket.${how}); c.send(b"HTTP/1.0 200 OK\\r\\n\\r\\nshut"); c.close()`,
  );
/** Takes one visitor after the other, each for three seconds. */
const slow = `import socket, time
s = socket.socket(fileno=3)
while True:
    c = s.accept()[0]
    c.recv(4096)
    time.sleep(3)
    c.send(b"HTTP/1.0 200 OK\\r\\n\\r\\nslow")
    c.close()`;
/** Listens at once, and takes its first visitor much later. */
const warmsUp = `import os, socket, time
s = socket.create_server(("::1", int(os.environ["PORT"])), family=socket.AF_INET6)
time.sleep(105)
while True:
    c = s.accept()[0]
    c.recv(4096)
    c.send(b"HTTP/1.0 200 OK\\r\\n\\r\\nwarm")
    c.close()`;
const taken = { socketActivation: true };
const accounts = [
  { number: 1, name: "alice", servers: [staticServer("blog")] },
  {
    number: 2,
    name: "bob",
    servers: [
      programServer("many", node("echo.mjs")),
      programServer("sleepy", node("echo.mjs")),
      programServer("missing", ["bin/program"]),
      programServer("absent", ["bin/taker"], taken),
      programServer("elsewhere", python("-m", "http.server", "3000")),
      programServer("daemon", ["/bin/sh", "-c", "sleep 1000 & exit 0"]),
      programServer("quits", ["/bin/true"]),
      programServer("leaves", ["/bin/true"], taken),
      programServer("killed", ["/bin/sh", "-c", "kill -KILL $$"]),
      programServer("deafens", node("deafens.mjs")),
      programServer("shut-both", shuts("SHUT_RDWR"), taken),
      programServer("shut-reading", shuts("SHUT_RD"), taken),
      programServer("renewed", node("renewed.mjs")),
      programServer("renewed-taker", node("renewed-taker.mjs"), taken),
      programServer("ignores", ["/bin/sleep", "infinity"], taken),
      programServer(
        "listens-only",
        python(
          "-c",
          'import os, socket, time; s = socket.create_server(("::1", int(os.environ["PORT"])), family=10); time.sleep(9999)',
        ),
      ),
      programServer("slow", python("-c", slow), taken),
      staticServer("deaf"),
      programServer("always", node("version.mjs"), { idleSeconds: 0 }),
      programServer("warms-up", python("-c", warmsUp), { startSeconds: 150 }),
      programServer("takes", node("takes.mjs")),
      programServer("rarely", ["bin/rarely"], { retrySeconds: 3600 }),
      ...[1, 2, 3, 4].map((number) => programServer(`crash${number}`, ["/bin/false"])),
    ],
  },
];
/** Until it is found out takes a minute. */
const longest = 150_000;
const home = "/srv/accounts/2/home";

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);

beforeAll(async () => {
  host = await bootContainer({ name: "misbehaving" });
  await host.writeFile(`${home}/version.mjs`, version("one"));
  // `always` starts with the deploy: what it runs is there before.
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  const programs = join(import.meta.dirname, "../../../testing/programs");
  await host.writeFile(`${home}/echo.mjs`, readFileSync(join(programs, "echo.mjs")));
  for (const name of ["streams.py", "slow-visitor.py", "latencies.py"])
    await host.writeFile(`/root/${name}`, readFileSync(join(programs, name)));
  await host.writeFile(
    `${home}/takes.mjs`,
    `import { createServer } from "node:http";
createServer((request, answer) => request.resume().on("end", () => answer.end("taken"))).listen(process.env.PORT);\n`,
  );
  await host.writeFile(
    `${home}/deafens.mjs`,
    `import { createServer } from "node:http";
const server = createServer((request, answer) => answer.end("heard", () => request.url === "/close" && server.close()));
server.listen(process.env.PORT);
setInterval(() => {}, 1000);\n`,
  );
  await host.writeFile("/srv/accounts/1/home/www/index.html", "Hello from alice\n");
  await sh("for n in 1::1 1::2 2::1 3::1; do ip -6 address add fd00:9:0:$n/128 dev lo; done");
});
afterAll(() => host?.stop());

async function get(name: string, path = "/", limit = 100): Promise<{ status: number; seconds: number; body: string }> {
  const words = ["curl", "-sS", "-g", "--max-time", `${limit}`, "-w", "\n%{http_code} %{time_total}"];
  const answer = await host.run([...words, "-H", `Host: ${name}`, `http://[::1]${path}`], { timeout: limit * 1100 });
  const lines = answer.stdout.split("\n");
  const [status, seconds] = lines.pop()!.split(" ").map(Number);
  return { status: status!, seconds: seconds!, body: lines.join("\n") };
}

/** Sends four requests a second until one is answered with 200. @returns seconds until then, and the slowest refusal */
async function underTraffic(name: string, limit: number): Promise<{ seconds: number; slowest: number }> {
  const begin = performance.now();
  let slowest = 0;
  for (;;) {
    const answer = await get(name);
    const seconds = (performance.now() - begin) / 1000;
    if (answer.status === 200) return { seconds, slowest };
    expect(answer.status).toBe(502);
    slowest = Math.max(slowest, answer.seconds);
    if (seconds > limit) throw new Error(`${name} answers 502 after ${seconds} s: ${await log(name.split(".")[0]!)}`);
    await sleep(250);
  }
}

/** The account's log of a server; without the lines that tell of a host where many servers start at once. */
const log = (server: string) =>
  host
    .run(`grep -v 'fairhost: waited [0-9]* s before the start: ' /srv/accounts/2/admin/logs/http-${server}.log`)
    .then(({ stdout }) => stdout);
const starts = (server: string) =>
  sh(`journalctl -u account-2-http-${server}.service -o cat | grep -c '^Started' || true`).then(Number);
/** A line of the account's log: its time, then words. */
const line = (words: string) =>
  new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[+-]\\d{4} fairhost: ${words}`, "m");

const front = { host: () => host, home, get, log, starts };
manyConnectionsCases({ sh: (command) => sh(command), get });

// They wait for time to pass, most of it, so they wait together, the longest first.
describe.concurrent("what is found within a minute", () => {
  pauseCase(front);

  test.for([
    ["ignores", "the handed-over socket, descriptor 3"],
    ["listens-only", "\\$PORT, 80\\d\\d"],
  ] as const)(
    "%s: the program is ended after a minute, whatever comes meanwhile, and visitors are turned away",
    { timeout: 2 * longest },
    async ([server, where], { expect }) => {
      const begin = performance.now();
      const first = get(`${server}.bob.test`, "/", 200);
      const more = [];
      while (!(await Promise.race([first.then(() => true), sleep(5000, false)])))
        more.push(get(`${server}.bob.test`, "/", 200));
      expect(await first).toMatchObject({ status: 502 });
      expect((performance.now() - begin) / 1000).toBeGreaterThan(50);
      await expect
        .poll(() => log(server!))
        .toMatch(
          line(`the program does not accept on ${where}: visitors have waited for more than 60 s, and it is ended`),
        );
      const [last] = (await Promise.all(more)).slice(-1);
      expect(last).toMatchObject({ status: 502 });
    },
  );

  test(
    "a program that listens at once and takes visitors much later has the start time that it declares",
    async ({ expect }) => {
      expect(await get("warms-up.bob.test", "/", 200)).toMatchObject({ status: 200, body: "warm" });
      expect(await log("warms-up")).toBe("");
    },
    2 * longest,
  );

  test(
    "a program with more visitors than it can serve goes on",
    async ({ expect }) => {
      const end = performance.now() + 95_000;
      const visit = async () => {
        const seen: number[] = [];
        while (performance.now() < end) seen.push((await get("slow.bob.test")).status);
        return seen;
      };
      const seen = (await Promise.all([visit(), visit(), visit()])).flat();
      expect(new Set(seen)).toEqual(new Set([200]));
      expect(await log("slow")).toBe("");
    },
    longest,
  );

  test(
    "a program on another port is ended after a minute, and goes to rest without visitors",
    async ({ expect }) => {
      const { status, seconds } = await get("elsewhere.bob.test");
      expect(status).toBe(502);
      expect(seconds).toBeGreaterThan(50);
      expect(seconds).toBeLessThan(95);
      await expect
        .poll(() => log("elsewhere"))
        .toMatch(line("nothing listens on \\$PORT, 8005, after 60 s; the program listens on 3000, and is ended"));
      const state = () => host.run("systemctl is-active account-2-http-elsewhere.service").then(({ stdout }) => stdout);
      await expect.poll(state, { timeout: 90_000 }).toBe("failed\n");
    },
    longest,
  );

  test(
    "a program that stops listening, but runs on, is started anew",
    async ({ expect }) => {
      expect(await get("deafens.bob.test", "/close")).toMatchObject({ status: 200 });
      expect(await get("deafens.bob.test")).toMatchObject({ status: 502 });
      await underTraffic("deafens.bob.test", 110);
      expect(await log("deafens")).toMatch(line("the program runs, but no longer takes connections on \\$PORT, 8010"));
    },
    longest,
  );
});

describe.concurrent("healing while visitors keep coming", () => {
  test.for(["missing", "absent"])(
    "%s: a program that could not start is tried again, with growing pauses",
    async (server, { expect }) => {
      const program = server === "missing" ? "program" : "taker";
      const failing = underTraffic(`${server}.bob.test`, 40);
      await sleep(5000);
      await sh(
        `mkdir -p ${home}/bin && printf '#!/bin/sh\\nexec node version.mjs\\n' > ${home}/bin/${program} && chmod 755 ${home}/bin/${program}`,
      );
      const { seconds, slowest } = await failing;
      console.info(
        `${server}: put right after 5 s, served after ${seconds.toFixed(1)} s, slowest refusal ${slowest.toFixed(2)} s`,
      );
      expect(seconds).toBeLessThan(30);
      expect(slowest).toBeLessThan(10);
      // One start has many attempts; on a busy host systemd may need two.
      expect(await starts(server)).toBeLessThan(3);
      expect(await log(server)).toMatch(line("the program ended with status 127"));
      expect((await log(server)).match(/fairhost: /g)!.length).toBeLessThanOrEqual(5);
    },
  );
});

describe.concurrent("the account's log says why, in one line with the time", () => {
  test.for([
    ["daemon", "the program went into the background: start it so that it stays in the foreground"],
    ["quits", "the program ended with status 0 before it listened on \\$PORT, 8007"],
    ["leaves", "the program ended with status 0 without taking a connection from descriptor 3"],
    [
      "killed",
      "the program was killed \\(SIGKILL\\), most likely because the account's memory was used up before it listened",
    ],
  ] as const)("%s", async ([server, words], { expect }) => {
    expect(await get(`${server}.bob.test`)).toMatchObject({ status: 502 });
    await expect.poll(() => log(server)).toMatch(line(words));
  });

  test("what only systemd knows, such as deaf to SIGTERM, and the next start comes a second later", async ({
    expect,
  }) => {
    const unit = "account-2-http-deaf.service";
    await host.writeFile(
      `/run/systemd/system/${unit}.d/99-deaf.conf`,
      `[Service]\nExecStart=\nExecStart=/bin/sh -c "trap '' TERM INT; while :; do sleep 1; done"\n`,
    );
    // Once more when it runs: systemd may have taken the main process for another's child (decision 37).
    await sh(`systemctl daemon-reload; systemctl start ${unit}; systemctl daemon-reload`);
    await sh(`systemctl stop ${unit}; systemctl start ${unit}`);
    expect(await log("deaf")).toMatch(line("killed, because it had not ended 10 s after it was asked to"));
    const times = await sh(
      `systemctl show -P InactiveEnterTimestampMonotonic ${unit}; systemctl show -P ExecMainStartTimestampMonotonic ${unit}`,
    );
    const [failed, started] = times.split("\n").map(Number);
    expect(started! - failed!).toBeGreaterThan(1e6);
  });
});

describe.concurrent("a socket that a program spoils", () => {
  test.for(["shut-both", "shut-reading"])(
    "%s: shutdown(2) costs some seconds, not the site",
    async (server, { expect }) => {
      expect(await get(`${server}.bob.test`)).toMatchObject({ status: 200, body: "shut" });
      const { seconds } = await underTraffic(`${server}.bob.test`, 30);
      console.info(`${server}: the next answer after ${seconds.toFixed(1)} s`);
      await expect.poll(() => log(server)).toMatch(line("the program has shut its listening socket down"));
      expect(await starts(server)).toBeLessThan(6);
    },
  );
});

restartCases(front);
