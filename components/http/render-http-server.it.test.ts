import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, programServer, staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { defaultUidBase } from "../declaring.ts";
import { type Answer, failingCases } from "./program/failing.cases.ts";

const nasty = [
  "",
  " ",
  "a b",
  '"',
  "'",
  "\\",
  "\\n",
  "%n %% %",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's or systemd's, to be left alone
  "$HOME ${HOME} $$",
  ";",
  "#",
  "-x",
  "@",
  "é😀",
  "`id`",
  "*",
  "~",
  "!!",
  "a=b",
];
const environment = {
  NASTY: nasty.join("|"),
  PATH_LIKE: "$PATH:%h",
  PORT: "1",
  UID: "0",
  LISTEN_PID: "7",
  http_proxy: "",
  _own: "1",
};
/** As much as the rule `commands-fit-units` lets a unit have, in characters of which systemd writes each octet with four. */
const most = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`V${index}`, "ü".repeat(4000)]));
const node = (...more: string[]) => ["/usr/bin/node", "echo.mjs", ...more];
const accounts = [
  { number: 1, name: "alice", servers: [staticServer("blog", 2)] },
  { number: 2, name: "bob", servers: [programServer("app", node(...nasty), { idleSeconds: 2, environment })] },
  {
    number: 4,
    name: "dave",
    servers: [
      programServer("api", node(...nasty), { idleSeconds: 2, environment, socketActivation: true }),
      programServer("six", node(), { environment: { ADDRESS: "::1" } }),
      programServer("every", node(), { environment: { ADDRESS: "::" } }),
      programServer("own", ["bin/a=b", "c"], { directory: "bin" }),
      programServer("full", node(), { environment: most }),
    ],
  },
  {
    number: 5,
    name: "eve",
    servers: [
      programServer("fails", ["/bin/sh", "-c", "echo no >&2; exit 3"]),
      programServer("fails-too", ["/bin/false"], { socketActivation: true }),
      programServer("crashes", ["/usr/bin/node", "crash.mjs"]),
      programServer("nowhere", ["/bin/true"], { directory: "nowhere" }),
      programServer("deaf", ["/bin/sh", "-c", "trap '' TERM; exec node echo.mjs"], { idleSeconds: 1 }),
    ],
  },
] as const;

let host: ContainerHost;
const echo = readFileSync(join(import.meta.dirname, "../../testing/programs/echo.mjs"));
const crash = `import("node:http").then(({createServer}) => createServer((q, r) => q.url === "/crash" ? process.exit(9) : r.end("up")).listen(process.env.PORT))`;

beforeAll(async () => {
  host = await bootContainer({ name: "http-servers" });
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  await host.writeFile("/srv/accounts/1/home/www/index.html", "Hello from alice\n");
  for (const number of [2, 4, 5]) await host.writeFile(`/srv/accounts/${number}/home/echo.mjs`, echo);
  await host.writeFile("/srv/accounts/5/home/crash.mjs", crash);
  const own = `#!/bin/sh\necho "$0 $1 in $PWD" > ../ran; cd ..; exec node echo.mjs\n`;
  await host.writeFile("/srv/accounts/4/home/bin/a=b", own, 0o755);
});
afterAll(() => host?.stop());

async function get(
  name: string,
  options: { path?: string; headers?: readonly string[]; to?: string } = {},
): Promise<Answer> {
  const { path = "/", headers = [], to = "[::1]:80" } = options;
  const words = ["curl", "-sS", "-g", "--max-time", "60", "-w", "\n%{http_code} %{time_total}", "-H", `Host: ${name}`];
  const output = await succeed(host, [...words, ...headers.flatMap((header) => ["-H", header]), `http://${to}${path}`]);
  const lines = output.split("\n");
  const [status, seconds] = lines.pop()!.split(" ").map(Number);
  return { status: status!, seconds: seconds!, body: lines.join("\n").trimEnd() };
}

const sh = (command: string) => succeed(host, command);
const processes = async (account: number) =>
  (
    await host.run(`cat $(find /sys/fs/cgroup/account.slice/account-${account}.slice -name cgroup.procs) 2>/dev/null`)
  ).stdout
    .split("\n")
    .filter(Boolean);

async function untilIdle(account: number): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if ((await processes(account)).length === 0) return;
    await sleep(100);
  }
  throw new Error(
    `account ${account} still has processes: ${await sh("systemctl list-units 'account-*.service' --no-pager --plain")}`,
  );
}

describe("each kind of server", () => {
  test.each([
    [1, "blog.alice.test", /^Hello from alice$/],
    [2, "app.bob.test", /"username":"a2"/],
    [4, "api.dave.test", /"username":"a4"/],
  ])("account %i: started by its first request, stopped when idle, started again", async (account, name, body) => {
    await untilIdle(account);
    const cold = await get(name);
    expect(cold).toMatchObject({ status: 200, body: expect.stringMatching(body) });
    const warm = await get(name);
    expect(warm).toMatchObject({ status: 200, body: expect.stringMatching(body) });
    console.info(`${name}: cold ${(cold.seconds * 1000).toFixed(0)} ms, warm ${(warm.seconds * 1000).toFixed(1)} ms`);
    const running = await processes(account);
    expect(running.length).toBeGreaterThan(0);
    const uids = await sh(`stat -c %u ${running.map((pid) => `/proc/${pid}`).join(" ")} | sort -u`);
    expect(uids.trim()).toBe(`${defaultUidBase + account}`);
    await untilIdle(account);
    expect(await get(name)).toMatchObject({ status: 200, body: expect.stringMatching(body) });
    await untilIdle(account);
    expect(await sh("systemctl list-units --failed --plain --no-legend 'account-*'")).not.toContain(
      `account-${account}-`,
    );
  });

  test("answers on the account's own address, by literal address", async () => {
    const own = "[fd00:8000:0:1::1]";
    expect(await get(own, { to: own })).toMatchObject({ status: 200, body: "Hello from alice" });
    expect(await get("[FD00:8000::1:0:0:0:1]", { to: own })).toMatchObject({ status: 200, body: "Hello from alice" });
  });

  test.each(["six.dave.test", "every.dave.test"])("%s listens where it likes", async (name) => {
    expect(await get(name)).toMatchObject({ status: 200 });
  });

  test("a program of the account's own, with an equals sign in its name, in a directory of its own", async () => {
    expect(await get("own.dave.test")).toMatchObject({ status: 200 });
    expect(await sh("cat /srv/accounts/4/home/ran")).toBe("/home/dave/bin/a=b c in /home/dave/bin\n");
  });
});

describe("what a program is given", () => {
  test.each([
    ["app.bob.test", 2, "bob"],
    ["api.dave.test", 4, "dave"],
  ])("%s: exactly its arguments, variables, identity and secret", async (name, number, account) => {
    const given = JSON.parse((await get(name)).body);
    expect(given.arguments).toEqual(nasty);
    expect(given.environment).toMatchObject({
      NASTY: environment.NASTY,
      PATH_LIKE: "$PATH:%h",
      FAIRHOST_IDLE_SECONDS: "2",
      http_proxy: "",
      _own: "1",
    });
    expect(given.environment.HOME).toBe(`/home/${account}`);
    expect(given.environment.PORT).toBe(number === 2 ? "8001" : "1");
    const uid = defaultUidBase + number;
    expect(given.user).toEqual({ username: `a${number}`, uid, gid: uid, homedir: `/home/${account}` });
    expect(given.directory).toBe(`/home/${account}`);
    expect(given.secret).toBe(`secret of ${number}`);
  });

  test("as much as a unit may have, whole, also when systemd reloads while it runs", async () => {
    const given = JSON.parse((await get("full.dave.test")).body);
    expect(given.environment).toMatchObject(most);
    await sh("systemctl daemon-reload && systemctl is-active account-4-http-full.service");
    expect(await sh("journalctl --boot --quiet --identifier systemd | grep -c 'overly long' || true")).toBe("0\n");
  });

  test("the client's address and protocol, whatever the client says of them", async () => {
    const names = ["X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Proxy"];
    const given = JSON.parse((await get("app.bob.test", { headers: names.map((name) => `${name}: forged`) })).body);
    expect(JSON.stringify(given.headers)).not.toContain("forged");
    expect(given.headers).toMatchObject({
      host: "app.bob.test",
      "x-real-ip": "::1",
      "x-forwarded-for": "::1",
      "x-forwarded-proto": "http",
    });
  });

  test("a connection to speak another protocol on", async () => {
    const request = "GET / HTTP/1.1\\r\\nHost: app.bob.test\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n";
    const answer = await sh(
      `bash -c 'exec 3<>/dev/tcp/::1/80; printf "${request}" >&3; while read -r line <&3; do case $line in "101"*|HTTP*) echo "$line";; ?) break;; esac; done; echo back >&3; read -rt 30 line <&3; echo "$line"'`,
    );
    expect(answer).toContain("101 Switching Protocols");
    expect(answer).toContain("back");
  });
});

describe("logs", () => {
  test("of requests and of the program's own words lie in admin/logs, for the account to read and not to write", async () => {
    await get("app.bob.test", { path: "/seen?in=log", headers: ["User-Agent: tester"] });
    const logs = "/srv/accounts/2/admin/logs";
    // nginx writes the line after the client has its answer.
    await expect
      .poll(() => sh(`cat ${logs}/front-end/access.log`))
      .toMatch(/^::1 - - \[.*\] "GET \/seen\?in=log HTTP\/1.1" 200 \d+ "-" "tester" app\.bob\.test [\d.]+ -$/m);
    expect(await sh(`cat ${logs}/http-app.log`)).toContain("answered /seen?in=log");
    const as = (command: string) =>
      host.run(["setpriv", "--reuid=1900000002", "--regid=1900000002", "--clear-groups", "sh", "-c", command]);
    expect(await as(`cat ${logs}/front-end/access.log ${logs}/http-app.log`)).toMatchObject({ exitCode: 0 });
    for (const target of [
      `${logs}/front-end/access.log`,
      `${logs}/http-app.log`,
      `${logs}/new`,
      "/srv/accounts/2/new",
    ]) {
      expect((await as(`echo x >> ${target}`)).exitCode, target).not.toBe(0);
    }
    const neighbour = [
      "setpriv",
      "--reuid=1900000001",
      "--regid=1900000001",
      "--clear-groups",
      "cat",
      `${logs}/http-app.log`,
    ];
    expect((await host.run(neighbour)).exitCode).not.toBe(0);
  });
});

failingCases({ host: () => host, sh, get });

test("a sandbox that cannot be set up is tried ever more rarely, and its socket stays", async () => {
  await sh("systemctl stop account-4-http-every.service");
  await sh("mv /srv/accounts/4/home /srv/accounts/4/away");
  const request = host.run("curl -s --max-time 6 -H 'Host: every.dave.test' http://[::1]/");
  const starts = () =>
    sh("journalctl -u account-4-http-every.service -o cat | grep -c ': Main process exited.*NAMESPACE' || true").then(
      Number,
    );
  await Promise.all([sleep(6000), expect.poll(starts, { timeout: 30_000 }).toBeGreaterThan(1)]);
  expect(await starts()).toBeLessThan(6);
  await sh("mv /srv/accounts/4/away /srv/accounts/4/home");
  await request;
  expect(await get("every.dave.test")).toMatchObject({ status: 200 });
});

test("the sockets come up with the target that a boot starts", async () => {
  await sh("systemctl stop 'account-*.socket' fairhost.target");
  await sh("systemctl start multi-user.target fairhost.target");
  const names = accounts.flatMap(({ number, servers }) =>
    servers.map(({ name }) => `account-${number}-http-${name}.socket`),
  );
  await sh(`systemctl is-active ${names.join(" ")}`);
  expect(await sh("systemctl list-dependencies --plain multi-user.target")).toContain("fairhost.target");
});
