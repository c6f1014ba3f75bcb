import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../../lab/own-kernel.ts";
import { placeFiles, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";

/**
 * A page that uses up its account's memory: under a kernel of its own, since a container has no memory controller. Starting processes is slow there,
 * so of the kinds with a master and workers this is the one with fewest.
 */
const declaration = declarationOf([
  {
    number: 1,
    name: "alice",
    limits: { memoryMaxMb: 160 },
    servers: [
      {
        ...{ kind: "python", name: "pages", application: "app", interface: "wsgi", workers: 2, threads: 2 },
        ...{ directory: ".", environment: {}, idleSeconds: 300 },
      },
    ],
  },
]);
const application = `def application(environ, start):
    held = []
    while environ["PATH_INFO"] == "/eat":
        held.append(b"x" * (1 << 22))
    if environ["PATH_INFO"] == "/fill":
        with open("/tmp/full", "wb") as full:
            for n in range(44):
                full.write(b"x" * (1 << 20))
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"served"]
`;
const unit = "account-1-http-pages";

let host: OwnKernelHost;
const sh = (command: string) => succeed(host, command);
/** A request past the front end, which has no network here. @returns the answer's body, empty without one */
const get = async (path: string) =>
  (await host.run(`curl -s --max-time 50 --unix-socket /run/fairhost-http/${unit} http://localhost${path}`)).stdout;
/** Number of the unit's first process, which is another one after each start. */
const started = () => sh(`systemctl show --property=ExecMainPID --value ${unit}.service`);
/** Waits until the account's log has this line of Fairhost's. */
const said = (line: string) =>
  expect
    .poll(() => sh("cat /srv/accounts/1/admin/logs/http-pages.log"), { timeout: 60_000, interval: 500 })
    .toContain(` fairhost: ${line}\n`);

/** On a busy machine its start alone may take longer than one request waits. */
const serves = () => expect.poll(() => get("/"), { timeout: 120_000, interval: 500 }).toBe("served");

beforeAll(async () => {
  host = await bootOwnKernel();
  await placeFiles(host, renderBundle(declaration, "web1"));
  const home = "/srv/accounts/1/home";
  await host.writeFile(`${home}/app.py`, application);
  const { uid } = declaration.accounts[0]!;
  await sh(`chown -R ${uid}:${uid} ${home} && systemctl daemon-reload && systemctl start ${unit}.socket`);
}, 300_000);
afterAll(() => host?.stop());

test("a page that uses up the memory dies alone, and the account's log says so", async () => {
  await serves();
  const before = await started();
  expect(await get("/eat")).not.toBe("served");
  await serves();
  await said("a process of the program was killed, because the account had used all its memory: the others go on");
  expect(await started()).toBe(before);
}, 240_000);

test("files in memory that take most of it go with the whole server, which is started anew", async () => {
  // A tmpfs may have a tenth of the kernel's memory: of this one less than half of what the account has.
  await sh(`systemctl set-property --runtime ${unit}.service MemoryMax=80M`);
  await get("/fill");
  expect(await get("/eat")).not.toBe("served");
  await said(
    "files in /tmp and /dev/shm take most of the account's memory: they are removed, and the program is started anew",
  );
  await serves();
}, 240_000);
