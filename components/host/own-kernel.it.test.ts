import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../lab/own-kernel.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";

/** What a host tells its kernel, under a kernel of its own: that of a container belongs to the machine, and counts no memory. */
let host: OwnKernelHost;
const files = Object.values(renderBundle(declarationOf([]), "web1").groups).flatMap((group) => group?.files ?? []);
const sh = async (command: string) => {
  const { stdout, stderr, exitCode } = await host.run(command, { timeout: 120_000 });
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout.trim();
};
/** A file of the bundle at its place in `/etc`, or another one. */
async function place(path: string, at = join("/etc", path)): Promise<void> {
  const { content } = files.find((file) => file.path === path) ?? {};
  if (content === undefined) throw new Error(`the bundle has no ${path}`);
  await host.writeFile(at, content);
}

beforeAll(async () => {
  host = await bootOwnKernel();
}, 120_000);
afterAll(() => host?.stop());

test("an account gets no lease of its files, by which it could keep whoever opens them waiting", async () => {
  await host.writeFile(
    "/run/lease.py",
    `import fcntl, os, signal
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = os.open("/srv/accounts/own", os.O_RDWR | os.O_CREAT)
os.chown(file, 1900000001, 1900000001); os.setegid(1900000001); os.seteuid(1900000001)
try:
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    print("leased")
except OSError as error:
    print(error.strerror)
`,
  );
  const lease = () => sh("python3 /run/lease.py; rm -f /srv/accounts/own");
  // What it would have without.
  expect(await lease()).toBe("leased");
  await place("sysctl/60-fairhost.conf", "/run/60-fairhost.conf");
  await sh("/usr/lib/systemd/systemd-sysctl --prefix=/fs /run/60-fairhost.conf");
  expect(await lease()).toBe("Invalid argument");
});

describe("when the kernel kills one of nginx's processes for want of memory", () => {
  const group = "/sys/fs/cgroup/system.slice/nginx.service";
  /** Takes memory in nginx's group, in steps, until the kernel has killed: another process, since this one must not be. */
  const greedy = `import time
open("/proc/self/oom_score_adj", "w").write("-1000")
open("${group}/cgroup.procs", "w").write("0")
kills = lambda: next(int(line.split()[1]) for line in open("${group}/memory.events") if line.startswith("oom_kill "))
held = []
while not kills():
    held.append(b"x" * (1 << 20))
print(kills())
`;

  beforeAll(async () => {
    await host.writeFile("/run/greedy.py", greedy);
    // The lab's image has it masked.
    await sh("rm -f /etc/systemd/system/nginx.service");
    await host.writeFile(
      "/etc/nginx/nginx.conf",
      `pid /run/nginx.pid;
worker_processes 2;
error_log /run/error.log;
events { }
http { access_log off; server { listen unix:/run/front; return 200 "here\\n"; } }
`,
    );
  }, 60_000);

  /** Starts it with these settings, has a worker killed, and says how it is after that. */
  async function afterKill(): Promise<{ state: string; isSame: boolean; answer: string }> {
    // Killed outright, it leaves its socket, and would not start beside it.
    await sh(`systemctl daemon-reload; systemctl stop nginx; rm -f /run/front; systemctl reset-failed nginx || true
      systemctl start nginx && until curl -s --unix-socket /run/front http://front/; do sleep 0.1; done`);
    const main = await sh("systemctl show -P MainPID nginx");
    const heard = "journalctl -u nginx | grep -c 'killed by the OOM killer' || true";
    const before = await sh(heard);
    // The worker is the one to go: the kernel weighs all processes of the unit alike.
    await sh(`until pgrep -P ${main} | head -n 1 | tee /run/worker | grep -q .; do sleep 0.1; done; echo 1000 >/proc/$(cat /run/worker)/oom_score_adj
      echo $(($(cat ${group}/memory.current) + 33554432)) >${group}/memory.max; echo 0 >${group}/memory.swap.max || true`);
    await sh("python3 /run/greedy.py; while kill -0 $(cat /run/worker) 2>/dev/null; do sleep 0.1; done");
    // systemd hears of it from the kernel, and stops the unit or not.
    await sh(`until [ "$(${heard})" != "${before.trim()}" ]; do sleep 0.5; done
      while systemctl show -P ActiveState nginx | grep -q ing; do sleep 0.5; done`);
    const state = await sh("systemctl show -P Result -P ActiveState nginx | xargs");
    const isSame = (await sh("systemctl show -P MainPID nginx")) === main;
    const { stdout } = await host.run("curl -sS --max-time 20 --unix-socket /run/front http://front/");
    return { state, isSame, answer: stdout };
  }

  test("systemd ends all of it without Fairhost's setting", async () => {
    expect(await afterKill()).toMatchObject({ state: expect.stringContaining("oom-kill"), isSame: false, answer: "" });
  }, 240_000);

  test("web sites answer, and nginx goes on", async () => {
    const path = "systemd/nginx.service.d/50-fairhost.conf";
    await place(path, "/etc/systemd/system/nginx.service.d/50-fairhost.conf");
    // Of this bundle there is no generation here.
    await sh("sed -i '/^Exec/d' /etc/systemd/system/nginx.service.d/50-fairhost.conf");
    expect(await afterKill()).toEqual({ state: "success active", isSame: true, answer: "here\n" });
  }, 240_000);
});
