import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { sshHostKey } from "../../../host/store/secrets.ts";
import { shellServer } from "../../../testing/fakes/inside-sandbox.ts";
import { bootWithOutside } from "../../../testing/fakes/outside.ts";
import { keygen } from "../../../testing/fakes/ssh/sshd.ts";
import { declarationOf, type FixtureAccount, service, task } from "../../../testing/fixtures/bundle-fixture.ts";
import { passwordHash } from "../../../testing/fixtures/maximal-account.ts";
import { attempts, listening, openFiles } from "./attempts.cases.ts";
import { dropIn, outsideOfSandbox, takenOver } from "./taken-over.ts";

/**
 * The same attempts from every unit of an account's sandbox, each beside what is allowed (decision 27): those that run its own code, and those of
 * which somebody has taken the server over (taken-over.ts). Handed-over sockets, races and
 * floods have tests of their own: render-sandbox, host/apply, full-accounts, misbehaving.
 */
const directory = mkdtempSync(join(tmpdir(), "fairhost-attempts-"));
const key = keygen(directory, "mallory");
const common = { environment: {}, idleSeconds: 300 };
const run = (name: string) => ["/usr/bin/python3", "/home/mallory/hostile.py", name];
const never = "2199-01-01 00:00";

const mallory: FixtureAccount = {
  number: 666,
  name: "mallory",
  limits: { openFiles },
  servers: [
    { ...shellServer(), cache: true },
    { kind: "static", name: "static", root: "php", idleSeconds: 300 },
    { kind: "proxy", name: "proxy", to: "http://127.0.0.1:8001", keepHost: false, idleSeconds: 300 },
    { kind: "php", name: "php", root: "php", fallback: "index.php", workers: 2, ini: {}, ...common },
    { kind: "node", name: "node", main: "server.js", arguments: [], nodeOptions: [], directory: "node", ...common },
    {
      ...{ kind: "python", name: "python", application: "app", interface: "wsgi", workers: 1, threads: 1 },
      ...{ directory: "python", ...common },
    },
  ],
  services: [
    service(
      "service",
      ["/bin/sh", "-c", `until test -e attempts.json; do sleep 1; done; ${run("service").join(" ")}; exec sleep 1000`],
      {
        monitor: { everySeconds: 5, limitSeconds: 60, failures: 20, command: run("monitor") },
      },
    ),
  ],
  tasks: [task("task", run("task"), { calendar: never })],
  users: [
    { name: "mallory", directory: ".", protocols: ["ssh"], keys: [key.publicKey.trim()] },
    { name: "brings", directory: "confined", protocols: ["sftp", "webdav", "ftps"], keys: [], passwordHash },
  ],
};
const alice: FixtureAccount = {
  ...{ number: 1, name: "alice", servers: [shellServer()] },
  services: [service("names", ["/usr/bin/python3", "names.py"])],
};
/** What a neighbour, or the host, has that is found by its name alone, and what listens there for anybody. */
const names = (name: string, key: number, ports: readonly number[]) => `import ctypes, os, selectors, socket
held = socket.socket(socket.AF_UNIX); held.bind("\\0${name}"); held.listen()
libc = ctypes.CDLL(None)
made = [libc.shmget(${key}, 1, 0o1666), libc.msgget(${key}, 0o1666), libc.semget(${key}, 1, 0o1666)]
os.umask(0); made.append(libc.mq_open(b"/${name}", os.O_CREAT | os.O_RDWR, 0o666, None))
assert min(made) >= 0, made
waiting = selectors.DefaultSelector()
for port in ${JSON.stringify(ports)}:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        listener = socket.socket(socket.AF_INET6, kind); listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("::", port))
        if kind == socket.SOCK_STREAM: listener.listen()
        waiting.register(listener, selectors.EVENT_READ, kind)
open("named", "w").close()
while True:
    for key, _ in waiting.select():
        if key.data == socket.SOCK_STREAM: key.fileobj.accept()[0].close()
        else: key.fileobj.sendto(b"heard", key.fileobj.recvfrom(100)[1])
`;
/** On the host itself: an open socket, and files that anybody may read. */
const open = `import socket
opened = socket.socket(socket.AF_UNIX); opened.bind("/run/open.sock"); opened.listen()
`;
/** With every descriptor that Node.js itself has: it closes them for its children. */
const spawn = (program: string) => `const { execFileSync } = require("node:child_process"), fs = require("node:fs");
const given = () => fs.readdirSync("/proc/self/fd").map(Number).filter((n) => { try { return n > 2 && fs.fstatSync(n).isSocket(); } catch {} });
const [program, ...words] = ${JSON.stringify(run(program))};
const tried = () => execFileSync(program, words, { stdio: ["ignore", "pipe", "pipe", ...given()] });`;
const files = {
  "php/index.php": `<?php passthru("${run("php").join(" ")} 2>&1");`,
  "node/server.js": `${spawn("node")}
require("node:http").createServer((_, response) => response.end(tried())).listen(process.env.PORT);`,
  // Not a program of its own: that would have none of the descriptors which Python itself has.
  "python/app.py": `import os, runpy, sys
def application(environ, start):
    child = os.fork()
    if child == 0:
        try:
            sys.argv = ${JSON.stringify(run("python").slice(1))}
            runpy.run_path(sys.argv[0])
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    start("200 OK", [])
    return [b"tried"]
`,
  "hostile.py": readFileSync(join(import.meta.dirname, "../../../testing/programs/hostile.py")),
};

let here: Awaited<ReturnType<typeof bootWithOutside>>;
const home = "/srv/accounts/666/home";
const uid = "1900000666";
const ask = (server: string) => () =>
  here.sh(`curl -sS --max-time 110 -H 'Host: ${server}.mallory.test' 'http://[fd00:8000::11]/'`);

/** How each unit is made to try. Those of the last two begin by themselves. */
const units: Readonly<Record<string, () => Promise<unknown>>> = {
  // What it is asked to run has to end sooner than all this.
  "http-shell": () => here.inside("mallory", `${run("http-shell").join(" ")} >/dev/null 2>&1 </dev/null &`),
  "http-php": ask("php"),
  "http-node": ask("node"),
  "http-python": ask("python"),
  "task-task": () => here.sh("systemctl start account-666-task-task.service"),
  "ssh@": async () => {
    const session = await here.outside(
      `ssh -F none -o UserKnownHostsFile=/root/known_hosts -o BatchMode=yes -i /root/mallory mallory@fd00:8000:0:29a::1 ${run("ssh@").join(" ")} </dev/null`,
    );
    expect(session).toMatchObject({ exitCode: 0 });
  },
  "service-service": async () => {},
  "service-service, its monitor": async () => {},
  ...Object.fromEntries(Object.entries(takenOver).map(([unit, { begin }]) => [unit, () => here.sh(begin)])),
};
const file = (unit: string) =>
  unit.includes("monitor") ? "monitor" : unit.replace(/^http-(php|node|python)$|^(?:service|task)-(.*)$/, "$1$2");

beforeAll(async () => {
  here = await bootWithOutside("attempts", [], [alice, mallory]);
  await here.host.writeFile("/srv/accounts/1/home/names.py", names("alice", 4711, [listening.neighbour]));
  await here.host.writeFile("/root/names.py", `${open}${names("host", 4712, [listening.host, listening.loopback])}`);
  await here.sh(`for folder in /tmp /var/tmp /dev/shm; do echo open >$folder/open; chmod 644 $folder/open; done
    systemd-run --quiet --unit=names --property=UMask=0 --working-directory=/root python3 /root/names.py; until test -e /root/named; do sleep 0.1; done`);
  await here.host.writeFile("/srv/accounts/1/home/private", "alice's\n", 0o666);
  await here.sh(
    "systemctl restart account-1-service-names; until test -e /srv/accounts/1/home/named; do sleep 0.1; done",
  );
  for (const [path, content] of Object.entries(files)) await here.host.writeFile(`${home}/${path}`, content);
  await here.host.writeFile("/root/mallory", key.privateKey, 0o600);
  const hostKey = "/var/lib/fairhost/secrets/ssh/666";
  await here.host.writeFile(hostKey, sshHostKey(Buffer.alloc(32, 7), 666, 1), 0o400);
  const known = await here.sh(`ssh-keygen -y -f ${hostKey}`);
  await here.sh(`echo 'fd00:8000:0:29a::1 ${known.trim()}' >>/root/known_hosts; chown -R a666:a666 ${home}`);
  const [neighbour, frontEnd] = (
    await here.sh("systemctl show -P MainPID account-1-service-names nginx | grep .")
  ).split("\n");
  const resolver = await here.inside("mallory", "awk '/^nameserver/ { print $2; exit }' /etc/resolv.conf");
  const neighbour4 = await here.sh(
    `nsenter --target=${neighbour} --net ip -4 -oneline address show dev eth0 | awk '{ split($4, address, "/"); print address[1] }'`,
  );
  // Who may connect does: these listen.
  const connects = (to: string) => `bash -c 'exec 3<>/dev/tcp/${to}'`;
  await here.sh(
    `${connects(`::1/${listening.host}`)} && ${connects(`127.0.0.1/${listening.loopback}`)} && nsenter --target=${neighbour} --net ${connects(`${neighbour4.trim()}/${listening.neighbour}`)}`,
  );
  const values = { NEIGHBOUR4: neighbour4.trim(), NEIGHBOUR: neighbour!, "FRONT END": frontEnd!, RESOLVER: resolver };
  const given = attempts
    .flatMap(({ check, twin }) => [check, twin])
    .map(([check, argument]) => [
      check,
      Object.entries(values).reduce((text, [name, value]) => text.replace(name, value), argument),
    ]);
  await here.host.writeFile(
    "/root/taken-over/hostile.py",
    readFileSync(join(import.meta.dirname, "../../../testing/programs/hostile.py")),
    0o644,
  );
  for (const [unit, { home: inside, outside, group = uid }] of Object.entries(takenOver)) {
    const { path, script, content } = dropIn(unit);
    await here.host.writeFile(path, script, 0o755);
    await here.sh(`${content}\n install -d -o a666 -g a666 ${outside}`);
    // In the home itself the file of the others is the same.
    if (outside === home) continue;
    const own = given.map(([check, argument]) => [
      check,
      check === "group"
        ? ({ [group]: uid, [uid]: group }[argument!] ?? argument)
        : argument!.replace("/home/mallory", inside),
    ]);
    await here.host.writeFile(`${outside}/attempts.json`, JSON.stringify(own));
  }
  await here.sh("systemctl daemon-reload; systemctl stop account-666-cache.service account-666-http-static.service");
  await here.host.writeFile(`${home}/.attempts`, JSON.stringify(given));
  await here.sh(`mv ${home}/.attempts ${home}/attempts.json`);
  // All at once: most of their time they wait for answers that do not come.
  await Promise.all(Object.values(units).map((begin) => begin()));
}, 300_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await here?.host.stop();
});

test("there are at least a hundred, each with its allowed twin, and every unit of the sandbox tries them", async () => {
  expect(attempts.length).toBeGreaterThanOrEqual(100);
  expect(new Set(attempts.map(({ check }) => check.join())).size).toBe(attempts.length);
  const named = (renderBundle(declarationOf([mallory]), "web1").groups["account-666"]?.units ?? [])
    .filter(({ name }) => name.endsWith(".service"))
    .map(({ name }) => name.replace(/^account-666-|\.service$/g, ""));
  expect(
    Object.keys(units)
      .filter((name) => !name.includes(","))
      .toSorted(),
  ).toEqual(named.filter((name) => !(name in outsideOfSandbox)).toSorted());
  expect(named).toEqual(expect.arrayContaining(Object.keys(outsideOfSandbox)));
});

test.each(Object.keys(units))("%s: what is an account's own works, and everything else is refused", async (unit) => {
  const { outside = home, refuses = [] } = takenOver[unit] ?? {};
  const result = async () => here.sh(`cat '${outside}/results-${file(unit)}.json' 2>&1 || true`);
  await expect.poll(result, { timeout: 120_000, interval: 500 }).toMatch(/\]$/);
  const results = JSON.parse(await result()) as string[];
  expect(results).toHaveLength(attempts.length * 2);
  const refused = (errors: readonly string[]) => [
    ...errors,
    ...["EPERM", "EACCES", ...(refuses.length > 0 ? ["EAFNOSUPPORT"] : [])],
  ];
  const wrong = attempts.flatMap(({ what, check: [check], twin, errors }, at) => {
    const [tried = "", allowed = ""] = results.slice(at * 2);
    return [
      ...(refused(errors).includes(tried) ? [] : [`${check} ${what}: ${tried}`]),
      ...(allowed.startsWith("ok") || (refuses.includes(twin[0]) && refused([]).includes(allowed))
        ? []
        : [`its twin ${twin.join(" ")}: ${allowed}`]),
    ];
  });
  expect(wrong).toEqual([]);
});
