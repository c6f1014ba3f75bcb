import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../../testing/fakes/applied-host.ts";
import { declarationOf, type FixtureServer, programServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { kindOf } from "../render-http-server.ts";

/** Servers of every kind that runs a program, with `restart: never`: whatever ends them, they stay down under steady traffic, said everywhere, until they are asked for. */
const never = { restart: "never", idleSeconds: 300 } as const;
const program = { environment: {}, directory: ".", ...never };
const node = "const http = require('node:http')";
/** Answers, and ends itself when it is asked for /end. */
const ends = `${node}; http.createServer((request, answer) => request.url === "/end" ? process.exit(3) : answer.end(process.env.WHO ?? "up")).listen(process.env.PORT ?? 1);\n`;
const wsgi = `import os
def application(environ, start):
    if environ["PATH_INFO"] == "/end":
        os.kill(os.getppid(), 9)
    start("200 OK", [("Content-Length", "2")])
    return [b"up"]
`;
const php = '<?php if ($_SERVER["REQUEST_URI"] === "/end") posix_kill(posix_getppid(), 9); echo "up";';
const servers = (who: string): readonly FixtureServer[] => [
  programServer("program", ["/usr/bin/node", "ends.cjs"], { ...never, environment: { WHO: who } }),
  programServer("taker", ["/usr/bin/python3", "taker.py"], { ...never, socketActivation: true }),
  { ...program, kind: "node", name: "node", main: "ends.cjs", arguments: [], nodeOptions: [] },
  {
    ...{ ...program, kind: "python", name: "python", application: "small", interface: "wsgi" },
    ...{ workers: 1, threads: 2 },
  },
  { ...never, kind: "php", name: "php", root: "www", fallback: "index.php", workers: 2, ini: {}, environment: {} },
  { ...never, kind: "proxy", name: "proxy", to: "http://127.0.0.1:9100", keepHost: false },
  programServer("always", ["/usr/bin/node", "ends.cjs"], { ...never, idleSeconds: 0, environment: { WHO: who } }),
  programServer("absent", ["bin/absent"], never),
  programServer("deaf", ["/usr/bin/sleep", "infinity"], { ...never, startSeconds: 1 }),
  programServer("rests", ["/usr/bin/node", "ends.cjs"], { ...never, idleSeconds: 1 }),
  programServer("touched", ["/usr/bin/node", "ends.cjs"], never),
];
const bundle = (who = "up") =>
  renderBundle(declarationOf([{ number: 1, name: "alice", servers: servers(who) }]), "web1");
const unit = (name: string) => `account-1-http-${name}.service`;
const socket = (name: string) => `account-1-http-${name}.socket`;
const taker = `import socket
listening = socket.socket(fileno=3)
while True:
    visitor = listening.accept()[0]
    if b"/end" in visitor.recv(4096):
        raise SystemExit(3)
    visitor.send(b"HTTP/1.0 200 OK\\r\\n\\r\\nup")
    visitor.close()
`;

let on: AppliedHost;
const get = async (name: string, path = "/") => {
  const answer = await on.shell(
    `curl -sS --max-time 100 -w ' %{http_code}' -H 'Host: ${name}.alice.test' -g http://[fd00:8000:0:1::1]${path} | tail -n 1`,
  );
  return answer.split(" ").at(-1) === "200" ? answer.split(" ")[0] : Number(answer.split(" ").at(-1));
};
const log = (name: string) => on.shell(`cat /srv/accounts/1/admin/logs/http-${name}.log`);
const starts = (name: string) =>
  on.shell(`journalctl -u ${unit(name)} -o cat | grep -c '^Started' || true`).then(Number);
const down = (name: string) => on.until(`test "$(systemctl is-active ${socket(name)})" = failed`);
/** Four visitors a second. */
const traffic = async (name: string, seconds: number) => {
  const seen = new Set<unknown>();
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(250))
    seen.add(await get(name));
  return [...seen];
};

beforeAll(async () => {
  on = await appliedHost("never");
  const home = "/srv/accounts/1/home";
  for (const [file, content] of Object.entries({
    "ends.cjs": ends,
    "taker.py": taker,
    "small.py": wsgi,
    "www/index.php": php,
  }))
    await on.host.writeFile(`${home}/${file}`, content);
  const { report, stderr } = await on.apply(bundle());
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("every kind whose server run-program runs is tried here", () => {
  const tried = new Set(servers("up").map(({ kind }) => kind));
  for (const kind of ["node", "php", "program", "proxy", "python"] as const) expect(tried.has(kind)).toBe(true);
  for (const server of servers("up")) expect(kindOf(server as never).entry).toHaveProperty("restart");
});

describe.concurrent("what has ended stays down, under steady traffic", () => {
  test.for(["program", "taker", "node", "python", "php", "always"])(
    "%s, ended by itself after it has served",
    { timeout: 120_000 },
    async (name, { expect }) => {
      expect(await get(name)).toBe("up");
      // The answer may still come before the end.
      await get(name, "/end");
      await down(name);
      expect(await traffic(name, 12)).toEqual([502]);
      expect(await starts(name)).toBe(1);
      expect((await log(name)).match(/fairhost: not started again \(restart: never\)/g)).toHaveLength(1);
    },
  );

  test("proxy, whose Apache is killed", async ({ expect }) => {
    expect(await get("proxy")).toBe(503);
    await on.shell(`pkill -KILL apache2 --cgroup /account.slice/account-1.slice/${unit("proxy")}`);
    await down("proxy");
    expect(await traffic("proxy", 12)).toEqual([502]);
    expect(await starts("proxy")).toBe(1);
  });

  test.for([
    ["absent", "the program ended with status 127 before it listened"],
    ["deaf", "nothing listens on $PORT"],
  ] as const)("%s, which never served: %s", async ([name, why], { expect }) => {
    expect(await get(name)).toBe(502);
    await down(name);
    expect(await traffic(name, 12)).toEqual([502]);
    expect(await starts(name)).toBe(1);
    expect(await log(name)).toContain(why);
  });

  test("rest is no end, nor is a touched restart-<name>", async ({ expect }) => {
    expect(await get("rests")).toBe("up");
    await on.until(`test "$(systemctl is-active ${unit("rests")})" = inactive`);
    expect(await get("rests")).toBe("up");
    await on.until(`test "$(systemctl is-active ${unit("rests")})" = inactive`);
    expect(await on.states(socket("rests"))).toEqual(["active"]);
    expect(await get("touched")).toBe("up");
    await on.shell(
      "setpriv --reuid=1900000001 --regid=1900000001 --clear-groups touch /srv/accounts/1/home/restart-touched",
    );
    await on.until("grep -q 'started anew, because' /srv/accounts/1/admin/logs/http-touched.log");
    expect(await get("touched")).toBe("up");
  });
});

describe("who sees it, and who starts it again", () => {
  const ended = ["program", "taker", "node", "python", "php", "proxy", "always", "absent", "deaf"];

  test("no process is left; the host's status and drift name each, and nothing else", async () => {
    for (const name of ended)
      expect(
        await on.shell(
          `cat /sys/fs/cgroup/account.slice/account-1.slice/${unit(name)}/cgroup.procs 2>/dev/null || true`,
        ),
      ).toBe("");
    const { disabled, notRunning } = await on.status();
    expect([...disabled].sort()).toEqual(ended.map(unit).sort());
    expect(notRunning).toEqual([]);
    const { stdout } = await on.host.run(["fairhost-host", "inspect"]);
    for (const name of ended)
      expect(stdout).toContain(
        `note: unit-failed: ${unit(name)} is disabled: it ended, and has restart: never, and nothing starts it again; its log is admin/logs/http-${name}.log`,
      );
    expect(stdout).toContain(`systemctl start ${socket("node")} ${unit("node")}`);
    expect((await on.host.run(["fairhost-host", "health", "1"])).stdout).not.toContain("account-1-http");
  });

  test("a deploy that changes other things starts none of them, one that changes a server starts it", async () => {
    const again = await on.apply(bundle());
    expect(again.report).toMatchObject({ result: "unchanged", hooks: [], errors: [] });
    expect(await get("program")).toBe(502);
    const { report, stderr } = await on.apply(bundle("changed"));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
    expect(await get("program")).toBe("changed");
    expect(await get("always")).toBe("changed");
    expect(await get("node")).toBe(502);
    expect([...(await on.status()).disabled].sort()).toEqual(
      ended
        .filter((name) => name !== "program" && name !== "always")
        .map(unit)
        .sort(),
    );
  });

  test("the administrator starts it, with the command that drift names", async () => {
    for (const name of ["node", "python", "php"]) await on.shell(`systemctl start ${socket(name)} ${unit(name)}`);
    for (const name of ["node", "python", "php"]) expect(await get(name)).toBe("up");
    // The socket alone is enough: the next visitor starts the server.
    await on.shell(`systemctl start ${socket("taker")}`);
    expect(await get("taker")).toBe("up");
  });
});
