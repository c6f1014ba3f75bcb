import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import { waiting } from "./places.ts";

/** Servers with a number of workers: one visitor takes a share of them, whatever way the visitor finds to keep them busy. */
const wsgi = `import time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(6)
    if path == "/upload":
        environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (bytes(1 << 20) for _ in range(64)) if path == "/large" else [b"quick"]
`;
const php = `<?php
$path = $_SERVER["REQUEST_URI"];
if ($path == "/slow") sleep(6);
header("Content-Type: text/plain");
if ($path == "/large") for ($n = 0; $n < 64; $n++) echo str_repeat("a", 1 << 20);
else echo "quick";
`;
const common = { environment: {}, idleSeconds: 300 } as const;
const python = (name: string, change: object = {}): FixtureServer => ({
  ...({ kind: "python", name, application: "app", interface: "wsgi", workers: 1, threads: 4 } as const),
  ...{ application: "shop:app", directory: "python", ...common, ...change },
});
const servers: readonly FixtureServer[] = [
  { kind: "php", name: "php", root: "php", fallback: "index.php", workers: 4, ini: {}, ...common },
  python("python"),
  python("small", { threads: 1 }),
];
const files = { "python/shop.py": wsgi, "php/index.php": php, "php/file.txt": "a file" };

let kind: KindHost;
const sh = (command: string) => kind.sh(command);
const attacker = "fd00:9::1";
const another = "fd00:9:0:7::1";
const get = (server: string) => kind.get(server, "/", "--interface", another);

/** One slow visitor. @returns what it found, at its end */
async function attack(form: string, server: string, count: number, seconds: number): Promise<() => Promise<string>> {
  const [unit, name] = [`attack-${form}-${server}`, `${server}.alice.test`];
  const words = `python3 /root/slow-visitor.py ${form} ${name} ${count} ${seconds} ${attacker} ${attacker}`;
  await sh(
    `rm -f /run/${unit}; systemd-run --quiet --collect --unit=${unit} -p StandardOutput=truncate:/run/${unit} ${words}; timeout 30 sh -c 'until grep -q open /run/${unit}; do sleep 0.1; done'`,
  );
  return () => sh(`while systemctl is-active --quiet ${unit}; do sleep 0.2; done; cat /run/${unit}`);
}
const stop = () => sh("systemctl stop 'attack-*'");

beforeAll(async () => {
  kind = await bootKind("places", servers, files);
  for (const one of [attacker, another]) await sh(`ip -6 address add ${one}/128 dev lo nodad`);
  const program = join(import.meta.dirname, "../../../testing/programs/slow-visitor.py");
  await kind.host.writeFile("/root/slow-visitor.py", readFileSync(program));
  for (const { name } of servers) expect(await kind.get(name)).toMatchObject({ status: 200, body: "quick" });
});
afterAll(() => kind?.[Symbol.asyncDispose]());

describe.each(["php", "python"])("%s: while one visitor keeps it busy, another is served", (server) => {
  test.each(["answers", "gone", "forms", "uploads", "readers"])("with %s", async (form) => {
    await attack(form, server, 30, 60);
    await sh("sleep 2");
    const seconds: number[] = [];
    for (let n = 0; n < 5; n++) {
      const answer = await get(server);
      expect(answer).toMatchObject({ status: 200, body: "quick" });
      seconds.push(answer.seconds);
    }
    console.info(`${server}, ${form}: another visitor waits ${seconds.map((each) => each.toFixed(2)).join(" ")} s`);
    expect(Math.max(...seconds)).toBeLessThan(4);
    await stop();
    // Until what still runs has ended.
    await expect.poll(async () => (await kind.get(server)).seconds, { timeout: 60_000 }).toBeLessThan(1);
    await sh("sleep 7");
  });
});

test("a small body that has begun takes no place: even the same visitor's other requests are served", async () => {
  await attack("forms", "python", 30, 60);
  const words = `-s -o /dev/null -w '%{http_code}' --max-time 5 -g --interface ${attacker} -H 'Host: python.alice.test'`;
  expect(await sh(`curl ${words} http://[${attacker}]/`)).toBe("200");
  await stop();
});

test("what exceeds the share waits, is served in turn, and is told what to do after its time", async () => {
  const end = await attack("answers", "python", 30, 90);
  const [, found] = (await end()).split("\n");
  console.info(`30 requests of 6 s each, two at a time: ${found}`);
  const [, served, refused, seconds] = /\{'200': (\d+), '429': (\d+)\} ([\d.]+)/.exec(found!)!.map(Number);
  expect(served! + refused!).toBe(30);
  expect(served).toBeGreaterThanOrEqual(10);
  expect(served).toBeLessThanOrEqual(14);
  expect(seconds).toBeLessThan(waiting.seconds + 25);
  expect(await sh("tail -n 30 /srv/accounts/1/admin/logs/front-end/error.log")).toMatch(
    / 429 in 3[0-9.]+ s; .*: one visitor had as many requests open as it may have at once/,
  );
});

test.each(["php", "python"])(
  "%s: a body that drips is given up after half a minute, a slow line's arrives",
  async (server) => {
    const [dripping, slow] = [await attack("drips", server, 1, 100), await attack("modems", server, 1, 100)];
    expect(await slow()).toMatch(/\{'200': 1\} [34]\d\./);
    const [, found] = (await dripping()).split("\n");
    console.info(`${server}: a body that drips ended with ${found}`);
    expect(found).toMatch(/^\{'(?:4..|5..|cut)': 1\} [34]\d\./);
  },
);

test("php: files keep no worker, and the same visitor's scripts run", async () => {
  await sh("head -c 100000000 /dev/zero >/srv/accounts/1/home/php/film.bin");
  await attack("files", "php", 20, 60);
  const words = `-s -D - --max-time 5 -g --interface ${attacker} -H 'Host: php.alice.test'`;
  const answer = await sh(`curl ${words} http://[${attacker}]/`);
  expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*quick$/);
  expect(await sh(`curl ${words} http://[${attacker}]/file.txt`)).not.toMatch(/fairhost/i);
  await stop();
});

test("one worker alone: another visitor's request is the next one", async () => {
  await attack("answers", "small", 10, 60);
  await sh("sleep 1");
  const { status, seconds } = await get("small");
  expect(status).toBe(200);
  expect(seconds).toBeLessThan(10);
  await stop();
});

test.each(["php", "python"])("%s: a browser's hundred requests at once are all served", async (server) => {
  const urls = `http://[${attacker}]/[1-100]`;
  const words = `--parallel --parallel-immediate --parallel-max 100 -s -o /dev/null -w '%{http_code}\\n' --interface ${attacker} -H 'Host: ${server}.alice.test'`;
  expect(await sh(`curl ${words} '${urls.replaceAll(/\[(fd.*)\]\//g, "\\[$1\\]/")}' | sort | uniq -c`)).toMatch(
    /^ *100 200\n$/,
  );
});
