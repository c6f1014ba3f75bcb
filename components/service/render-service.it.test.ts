import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, programServer, service } from "../../testing/fixtures/bundle-fixture.ts";
import { defaultUidBase } from "../declaring.ts";

/** Services on a real systemd: what becomes of a program that ends, is asked to restart, or no longer works. */
const sh1 = (script: string) => ["/bin/sh", "-c", script];
const every = { everySeconds: 1, limitSeconds: 1, failures: 2 };
const accounts = [
  { number: 1, name: "alice", services: [service("worker", sh1("exec sleep 1000"))] },
  {
    number: 2,
    name: "bob",
    servers: [programServer("app", ["/usr/bin/true"])],
    services: [
      service("worker", ["bin/worker", "a b", "$HOME %n"], { directory: "jobs", environment: { NAME: "x y" } }),
      service("fails", sh1("echo trying; exit 3"), { maxFailures: 3 }),
      service("reloads", ["/usr/bin/python3", "-u", "reloads.py"], { reload: "SIGHUP" }),
      service("checked", sh1("touch /tmp/works; exec sleep 1000"), {
        monitor: { ...every, limitSeconds: 30, command: sh1("test -e /tmp/works && test ! -e stop") },
      }),
      service("hangs", sh1("exec sleep 1000"), {
        maxFailures: 2,
        monitor: { ...every, command: ["/usr/bin/sleep", "60"] },
      }),
      service("outside", sh1("cat /srv/accounts/1/home/private home-is-mine; exec sleep 1000")),
    ],
  },
];
const home = "/srv/accounts/2/home";
const worker = `#!/bin/sh\nprintf '%s|' "$@" "$NAME" "$PWD" "$(id -un)" "$(cat $CREDENTIALS_DIRECTORY/account-secret)"; echo; exec sleep 1000\n`;
const reloads = `import signal, time
heard = 0
def hear(*_):
    global heard
    heard += 1
    print(f"heard {heard}")
signal.signal(signal.SIGHUP, hear)
print("began")
while True: time.sleep(1)
`;

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const log = (name: string, account = 2) => sh(`cat /srv/accounts/${account}/admin/logs/service-${name}.log`);
const state = (name: string) =>
  host.run(`systemctl is-active account-2-service-${name}.service`).then(({ stdout }) => stdout.trim());
/** As the account, outside of its sandbox. */
const asAccount = (command: string) =>
  succeed(host, ["setpriv", "--reuid=1900000002", "--regid=1900000002", "--clear-groups", "sh", "-c", command]);
const programOf = async (name: string) =>
  (await sh(`cat /sys/fs/cgroup/account.slice/account-2.slice/account-2-service-${name}.service/cgroup.procs`))
    .trim()
    .split("\n");
/** A line of the account's log: its time, then words. */
const line = (words: string) =>
  new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[+-]\\d{4} fairhost: ${words}`, "m");
const soon = { timeout: 30_000, interval: 200 };

beforeAll(async () => {
  host = await bootContainer({ name: "services" });
  await host.writeFile(`${home}/jobs/mine`, "");
  await host.writeFile(`${home}/bin/worker`, worker, 0o755);
  await host.writeFile(`${home}/reloads.py`, reloads);
  await host.writeFile(`${home}/home-is-mine`, "bob's own\n");
  await host.writeFile("/srv/accounts/1/home/private", "alice's\n", 0o666);
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
});
afterAll(() => host?.stop());

test("a service starts with the deploy, as the account, with exactly its arguments, variables, directory and secret", async () => {
  await expect.poll(() => log("worker"), soon).toBe("a b|$HOME %n|x y|/home/bob/jobs|a2|secret of 2|\n");
  const pids = await programOf("worker");
  expect((await sh(`stat -c %u ${pids.map((pid) => `/proc/${pid}`).join(" ")} | sort -u`)).trim()).toBe(
    `${defaultUidBase + 2}`,
  );
});

test("a program that ends is tried again after 1, then 2 s, and is disabled after its number of failures", async () => {
  await expect.poll(() => state("fails"), soon).toBe("failed");
  const lines = (await log("fails")).trim().split("\n");
  expect(lines.map((each) => each.replace(/^\S+ fairhost: /, "").replace(/ after \d+ s$/, ""))).toEqual([
    "trying",
    "the program ended with status 3",
    "tried again in 1 s (failure 1 of 3)",
    "trying",
    "the program ended with status 3",
    "tried again in 2 s (failure 2 of 3)",
    "trying",
    "the program ended with status 3",
    expect.stringMatching(/^disabled after 3 failures in a row/),
  ]);
  await sleep(3000);
  expect(await state("fails")).toBe("failed");
  expect((await log("fails")).trim().split("\n")).toEqual(lines);
});

test("whatever kills the script itself, systemd starts it again", async () => {
  const init = (await sh("systemctl show -p MainPID --value account-1-service-worker.service")).trim();
  await sh(`kill -KILL ${init}`);
  await expect
    .poll(() => sh("systemctl show -p MainPID --value account-1-service-worker.service"), soon)
    .not.toMatch(new RegExp(`^(0|${init})\n`));
});

test("a touched restart-<name> starts the program anew, or sends it SIGHUP where that is declared", async () => {
  await expect.poll(() => log("reloads"), soon).toContain("began");
  const python = () => sh("pgrep -u 1900000002 -f '^/usr/bin/python3 -u reloads.py$'");
  const before = await python();
  await asAccount(`cd ${home} && touch restart-worker restart-reloads`);
  await expect.poll(() => log("reloads"), soon).toContain("heard 1");
  await expect.poll(() => log("worker"), soon).toMatch(/^a b.*\n.*started anew, as asked for\na b.*\n$/);
  expect(await python()).toBe(before);
  expect(await log("reloads")).toMatch(line("SIGHUP is sent to the program"));
  // The host's administrator.
  await sh("systemctl kill --kill-whom=main --signal=HUP account-2-service-reloads.service");
  await expect.poll(() => log("reloads"), soon).toContain("heard 2");
  expect((await log("reloads")).match(/began/g)).toHaveLength(1);
});

test("the monitoring command runs in the service's sandbox, and restarts it when it fails so many times in a row", async () => {
  // It finds what the service has put into its own /tmp.
  expect(await log("checked")).not.toContain("restarted");
  await asAccount(`touch ${home}/stop`);
  await expect.poll(() => log("checked"), soon).toMatch(line("restarted: 2 checks in a row failed"));
  await sh(`rm ${home}/stop`);
  expect(await log("checked")).toMatch(line("the monitoring command ended with status 1 \\(1 of 2 in a row\\)"));
  expect(await state("checked")).toBe("active");
});

test("a monitoring command that takes too long has failed, and a service that never works is disabled", async () => {
  await expect.poll(() => state("hangs"), { ...soon, timeout: 60_000 }).toBe("failed");
  const text = await log("hangs");
  expect(text).toMatch(line("the monitoring command ended with status 124: it took longer than 1 s"));
  expect(text).toMatch(line("disabled after 2 failures in a row"));
});

test("a service sees its own home, and not its neighbour's", async () => {
  await expect.poll(() => log("outside"), soon).toContain("bob's own");
  expect(await log("outside")).toContain("/srv/accounts/1/home/private: No such file or directory");
});

test("systemd rates a service's exposure no higher than an HTTP server's", async () => {
  const exposure = async (unit: string) => {
    const { stdout } = await host.run(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
    return Number(/: ([\d.]+) /.exec(stdout)?.[1]);
  };
  const ofServer = await exposure("account-2-http-app.service");
  expect(ofServer).toBeGreaterThan(0);
  expect(await exposure("account-2-service-worker.service")).toBeLessThanOrEqual(ofServer);
});
