import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bootstrapScript, loadBootstrap } from "../delivery/bootstrap.ts";
import {
  type ApplyReport,
  type Bundle,
  type BundleFile,
  type BundleGroup,
  type BundleUnit,
  currentGeneration,
} from "../delivery/protocol/bundle.ts";
import { encodeBundle, sealGroup } from "../delivery/protocol/digest.ts";
import { maskedUnits } from "../delivery/protocol/packages.generated.ts";
import { bootContainer, type ContainerHost, type RunResult } from "../lab/container.ts";
import { accountGroup, bundleOf, hostGroup } from "../testing/fakes/host-tree.ts";
import { ensureDebianPackages } from "../toolchain/system/system.ts";
import type { HostStatus } from "./apply/status.ts";
import type { Run } from "./os/machine.ts";
import { lastStateChange } from "./os/systemd.ts";

/** The applier on a real Debian 13 under systemd 257, with the real nginx and nft; SSH is a listener that only sends its banner. */
let host: ContainerHost;

const nginxDropIn: BundleFile = {
  path: "systemd/nginx.service.d/50-fairhost.conf",
  content: `[Service]
ExecStartPre=
ExecStartPre=/usr/sbin/nginx -t -q -c ${currentGeneration}/nginx/nginx.conf
ExecStart=
ExecStart=/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf
ExecReload=
ExecReload=/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf -s reload
`,
};

const nginx = (extra = ""): BundleFile => ({
  path: "nginx/nginx.conf",
  content: `pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { }
http {
  server { listen [::]:80; ${extra} }
  map $host $backend { include accounts/*.map; }
}
`,
});

const firewall = (rules = "tcp dport 22 accept"): BundleFile => ({
  path: "nftables/fairhost.nft",
  content: `destroy table inet fairhost
table inet fairhost {
  chain input { type filter hook input priority 0; policy drop; ${rules}; ct state established accept; }
}
`,
});

/** The host's group with front end and firewall. */
function fullHost(files: readonly BundleFile[] = [nginx(), firewall()], more: readonly BundleUnit[] = []): BundleGroup {
  const group = hostGroup("one", [nginxDropIn, ...files]);
  const front: BundleUnit = { name: "nginx.service", want: "start", restartOn: [nginxDropIn.path] };
  return sealGroup({ files: group.files, units: [...group.units, front, ...more] });
}

const site = (number: number, line = `a${number}.example`): BundleFile => ({
  path: `nginx/accounts/${number}.map`,
  content: `${line} ${number};\n`,
});

const base = bundleOf({ 1: accountGroup(1, "one", [site(1)]), 2: accountGroup(2, "one", [site(2)]) }, fullHost());

function delivery(bundle: Bundle): string {
  const masterSecret = Buffer.alloc(32, 7).toString("base64");
  return JSON.stringify({ bundle: encodeBundle(bundle), masterSecret, secretEpoch: 1 });
}

async function apply(bundle: Bundle): Promise<RunResult & { report: ApplyReport }> {
  const result = await host.run(["fairhost-host", "apply"], { stdin: delivery(bundle), timeout: 120_000 });
  if (result.stdout === "") throw new Error(result.stderr);
  return { ...result, report: JSON.parse(result.stdout) as ApplyReport };
}

async function shell(command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(command);
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout.trim();
}

const status = async () => JSON.parse(await shell("fairhost-host status --json")) as HostStatus;
const socket = (number: number) => `account-${number}-http-blog.socket`;
const states = (...units: string[]) =>
  host.run(["systemctl", "is-active", ...units]).then(({ stdout }) => stdout.trim().split("\n"));

/** State that an apply without a change must not alter: nginx's workers, start times of units, the last daemon-reload. */
const traces = () =>
  shell(
    `cat /proc/$(cat /run/nginx.pid)/task/*/children; systemctl show -p UnitsLoadTimestampMonotonic; systemctl show -p ActiveEnterTimestampMonotonic ${socket(1)} ${socket(2)} nginx fairhost.target; nft -a list ruleset | grep -v counter`,
  );

/** A unit that takes seconds to start, so that a test can interrupt the apply that starts it. */
function slow(seconds: number, text: string): { files: BundleFile[]; units: BundleUnit[] } {
  const name = "fairhost-slow.service";
  const content = `[Unit]\nDescription=${text}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/sleep ${seconds}\n`;
  return {
    files: [{ path: `systemd/${name}`, content }],
    units: [{ name, want: "start", restartOn: [`systemd/${name}`] }],
  };
}

function slowBundle(seconds: number, text: string): Bundle {
  const { files, units } = slow(seconds, text);
  return bundleOf(
    { 1: accountGroup(1, text, [site(1)]), 2: accountGroup(2, "one", [site(2)]) },
    fullHost([nginx(), firewall(), ...files], units),
  );
}

async function until(command: string, seconds = 15): Promise<void> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    if ((await host.run(command)).exitCode === 0) return;
    await sleep(50);
  }
  throw new Error(`never true: ${command}`);
}

/** Starts an apply in the background, as an SSH session would. @returns the client's process id */
async function applyInBackground(bundle: Bundle): Promise<string> {
  await host.writeFile("/run/delivery", delivery(bundle));
  return shell("fairhost-host apply </run/delivery >/run/out 2>/run/err & echo $!");
}

beforeAll(async () => {
  host = await bootContainer({ name: "applier" });
  // Sends a banner as SSH does: the applier checks that it still answers.
  const greet =
    "import socketserver as s;h=type('H',(s.BaseRequestHandler,),{'handle':lambda x:x.request.sendall(b'SSH-2.0-x\\r\\n')});s.TCPServer.address_family=10;s.TCPServer(('::',22),h).serve_forever()";
  await shell(`systemd-run --quiet --unit=greeter python3 -c "${greet}"`);
}, 300_000);

afterAll(async () => host?.stop());

describe("bootstrap", () => {
  const run = async (release: string, change = (payload: string) => payload) => {
    const { script, payload } = (await loadBootstrap()).for(release, 0);
    return host.run(["/bin/sh", "-c", script], { stdin: change(payload) });
  };

  test("shellcheck has no complaint about its script", async () => {
    await ensureDebianPackages(["shellcheck"]);
    const { stdout } = await execa("shellcheck", ["--shell=sh", "-"], { input: bootstrapScript, reject: false });
    expect(stdout).toBe("");
  });

  test("refuses another release and a damaged applier, installing nothing", async () => {
    const wrong = await run("bookworm");
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      1,
      expect.stringContaining("runs debian trixie, but the inventory declares debian bookworm"),
    ]);
    const damaged = await run("trixie", (payload) => payload.slice(0, -100));
    expect([damaged.exitCode, damaged.stderr]).toEqual([1, expect.stringContaining("arrived damaged")]);
    expect(await shell("ls -A /usr/local/sbin")).toBe("");
  });

  test("installs the applier and its symlinks without using the network; a second run changes nothing", async () => {
    await shell("mv /usr/bin/apt-get /usr/bin/apt-get.away");
    const first = await run("trixie");
    expect(first).toMatchObject({ exitCode: 0 });
    expect(await shell("readlink /etc/userdb /usr/local/lib/systemd/system")).toBe(
      `${currentGeneration}/userdb\n${currentGeneration}/systemd`,
    );
    expect(await states("lighttpd")).toEqual(["inactive"]);
    expect(await run("trixie")).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    await shell("mv /usr/bin/apt-get.away /usr/bin/apt-get");
  });

  test("a missing package and no mirror: a clear error, running services untouched", async () => {
    await shell("cp /var/lib/dpkg/status /run/status && sed -i '/^Package: tini$/,/^$/d' /var/lib/dpkg/status");
    const nginxPid = await shell("cat /run/nginx.pid");
    const { script, payload } = (await loadBootstrap()).for("trixie", 0);
    const result = await host.run(["/usr/bin/env", "FAIRHOST_LOCK_SECONDS=1", "/bin/sh", "-c", script], {
      stdin: payload,
    });
    expect([result.exitCode, result.stderr]).toEqual([1, expect.stringContaining("cannot install packages ( tini )")]);
    expect(await shell("cat /run/nginx.pid")).toBe(nginxPid);
    // Before any package, since Debian starts a daemon as soon as it is installed.
    expect(await shell(`readlink ${maskedUnits.map((unit) => `/etc/systemd/system/${unit}`).join(" ")}`)).toBe(
      maskedUnits.map(() => "/dev/null").join("\n"),
    );
    await shell("cp /run/status /var/lib/dpkg/status");
  });
});

describe("apply", () => {
  beforeEach(async () => {
    const { report, stderr } = await apply(base);
    expect(["applied", "unchanged"], stderr).toContain(report.result);
  });

  test("starts units, front end and firewall, shows progress, and a second run touches nothing", async () => {
    expect(await states(socket(1), socket(2), "nginx", "fairhost.target")).toEqual(Array(4).fill("active"));
    expect(await status()).toMatchObject({ drift: [], notRunning: [], firewall: "as loaded", interrupted: false });
    expect(await shell("getent passwd a2")).toContain("a2:x:200002:200002");
    const before = await traces();
    const again = await apply(base);
    expect(again.report).toMatchObject({ result: "unchanged", hooks: [], filesWritten: 0 });
    expect(await traces()).toBe(before);
  });

  test("systemd sees nothing outdated after a switch, so a new account needs no daemon-reload", async () => {
    const read = await shell("systemctl show -p UnitsLoadTimestampMonotonic");
    const groups = {
      1: accountGroup(1, "one", [site(1)]),
      2: accountGroup(2, "one", [site(2)]),
      3: accountGroup(3, "one", [site(3)]),
    };
    const { report } = await apply(bundleOf(groups, fullHost()));
    expect(report).toMatchObject({ result: "applied", hooks: [`start ${socket(3)}`, "reload nginx.service"] });
    expect(await shell("systemctl show -p UnitsLoadTimestampMonotonic")).toBe(read);
    expect(
      await shell(`systemctl show -p NeedDaemonReload ${socket(1)} ${socket(3)} nginx account-1.slice | sort -u`),
    ).toBe("NeedDaemonReload=no");
  });

  test("one account changed: its service is stopped for the next request, the neighbour's process keeps running", async () => {
    await shell("systemctl start account-1-http-blog.service account-2-http-blog.service");
    const pid = await shell("systemctl show -p MainPID --value account-2-http-blog.service");
    const groups = { 1: accountGroup(1, "new", [site(1)]), 2: accountGroup(2, "one", [site(2)]) };
    const { report, stderr } = await apply(bundleOf(groups, fullHost()));
    expect(report.hooks).toEqual(["daemon-reload", "stop changed account-1-http-blog.service"]);
    expect(stderr).toContain("web1: staged 1 files, 1 accounts changed\n");
    expect(await states("account-1-http-blog.service")).toEqual(["inactive"]);
    expect(await shell("systemctl show -p MainPID --value account-2-http-blog.service")).toBe(pid);
  });

  test("a front end that nginx refuses never takes effect", async () => {
    const before = await traces();
    const { exitCode, report } = await apply(
      bundleOf({ 1: accountGroup(1, "new") }, fullHost([nginx("nonsense on;"), firewall()])),
    );
    expect([exitCode, report.result]).toEqual([4, "rolled-back"]);
    expect(report.errors).toEqual([
      {
        group: "host",
        path: "nginx/nginx.conf",
        message: expect.stringMatching(/nginx: .*unknown directive "nonsense" in nginx\/nginx.conf:5/),
      },
    ]);
    expect(await traces()).toBe(before);
  });

  test("a front end that passes nginx -t and then does not start is rolled back", async () => {
    await shell("systemd-run --quiet --unit=squatter python3 -m http.server --bind :: 81");
    const { exitCode, report } = await apply(
      bundleOf({ 2: accountGroup(2, "new") }, fullHost([nginx("listen [::]:81;"), firewall()])),
    );
    await shell("systemctl stop squatter");
    expect([exitCode, report.result]).toEqual([4, "rolled-back"]);
    expect(report.errors[0]!.message).toMatch(/nginx keeps its old configuration: .*\[::\]:81 failed .*in use/);
    expect(await states(socket(1), socket(2), "nginx")).toEqual(["active", "active", "active"]);
    expect((await apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
  });

  test("accounts with a bad web site, a bad unit or a used address keep their old files; the others go on", async () => {
    const groups = {
      1: accountGroup(1, "new", [site(1, "a b c;")]),
      2: accountGroup(2, "new", [site(2)]),
      3: accountGroup(3, "new\n[Service]\nExecStart=relative", [site(3)]),
      4: accountGroup(4, "new", [site(4)]),
    };
    await shell("systemd-run --quiet --unit=squatter python3 -m http.server --bind ::1 20004");
    const { exitCode, report } = await apply(bundleOf(groups, fullHost()));
    await shell("systemctl stop squatter");
    expect([exitCode, report.result, report.changedGroups]).toEqual([3, "partial", ["account-2"]]);
    expect(new Set(report.errors.map(({ group }) => group))).toEqual(new Set(["account-1", "account-3", "account-4"]));
    expect(report.errors.find(({ group }) => group === "account-4")!.message).toMatch(
      /account-4-http-blog.socket is failed: .*Result=resources.*20004/,
    );
    const description = (number: number) =>
      shell(`systemctl show -p Description --value account-${number}-http-blog.service`);
    expect([await description(1), await description(2)]).toEqual(["one", "new"]);
    expect(await states(socket(1), socket(2))).toEqual(["active", "active"]);
    expect(await shell(`ls ${currentGeneration}/systemd`)).not.toMatch(/account-[34]/);
  });

  test("systemd knows when a unit was last reloaded: enough for folders whose daemon does not say", async () => {
    const run: Run = async (program, args) => {
      const { exitCode, stdout, stderr } = await host.run([program, ...args]);
      return { status: exitCode, stdout, stderr };
    };
    const start = Date.now();
    expect(await lastStateChange({ run }, "nginx.service")).toBeLessThan(start);
    await shell("systemctl reload nginx");
    const reloaded = await lastStateChange({ run }, "nginx.service");
    expect(reloaded).toBeGreaterThan(start);
    expect(reloaded).toBeLessThanOrEqual(Date.now());
    expect(await lastStateChange({ run }, "never-heard-of.service")).toBeUndefined();
  });

  test("changes by hand (stopped, flushed, edited) are repaired once, and reported", async () => {
    await shell(
      `systemctl stop ${socket(1)} && nft flush ruleset && echo '# x' >> ${currentGeneration}/nginx/accounts/1.map`,
    );
    expect(await status()).toMatchObject({
      drift: ["nginx/accounts/1.map"],
      notRunning: [{ unit: socket(1) }],
      firewall: "changed",
    });
    const { report } = await apply(base);
    expect(report.repaired).toEqual([
      "nginx/accounts/1.map had been changed",
      `${socket(1)} was not running`,
      "the firewall had been changed",
    ]);
    expect(report.hooks).toEqual(["load the firewall", `start ${socket(1)}`, "reload nginx.service"]);
    expect((await apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
  });

  test("a firewall that blocks SSH is rolled back at once", async () => {
    const rules = await shell("nft list ruleset");
    const { exitCode, report } = await apply(
      bundleOf({ 1: accountGroup(1) }, fullHost([nginx(), firewall("tcp dport 23 accept")])),
    );
    expect([exitCode, report.result]).toEqual([4, "rolled-back"]);
    expect(report.errors[0]!.message).toContain("the new rules block SSH");
    expect(await shell("nft list ruleset")).toBe(rules);
    expect((await apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
  });

  test("if the applier dies before it can roll back, the dead-man timer does", async () => {
    const rules = await shell("nft list ruleset");
    await applyInBackground(bundleOf({ 1: accountGroup(1) }, fullHost([nginx(), firewall("tcp dport 24 accept")])));
    await until("nft list ruleset | grep -q 'dport 24'");
    await shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
    await until("! nft list ruleset | grep -q 'dport 24'", 45);
    expect(await shell("nft list ruleset")).toBe(rules);
  }, 120_000);

  test("a lost SSH session does not interrupt the apply, and the next apply finds it done", async () => {
    const bundle = slowBundle(3, "lost session");
    const client = await applyInBackground(bundle);
    await until("systemctl is-active fairhost-slow.service | grep -q activating");
    await shell(`kill -KILL ${client}`);
    const { report, stderr } = await apply(bundle);
    expect(stderr).toContain("the same bundle is already being applied");
    expect(report.result).toBe("applied");
    expect((await apply(bundle)).report).toMatchObject({ result: "unchanged", generation: report.generation });
  });

  test("an applier killed in the middle of its hooks: the next apply completes them", async () => {
    const bundle = slowBundle(4, "killed applier");
    await applyInBackground(bundle);
    await until("systemctl is-active fairhost-slow.service | grep -q activating");
    await shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
    await until("grep -q 'ended without a report' /run/err");
    expect(await status()).toMatchObject({ interrupted: true, drift: [] });
    const { report } = await apply(bundle);
    expect(report.result).toBe("applied");
    expect(await status()).toMatchObject({ interrupted: false, notRunning: [] });
    expect((await apply(bundle)).report.result).toBe("unchanged");
  });

  test("a boot completes them too", async () => {
    await applyInBackground(slowBundle(4, "power cut"));
    await until("systemctl is-active fairhost-slow.service | grep -q activating");
    await shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
    await shell("systemctl start fairhost-recover.service");
    expect(await status()).toMatchObject({ interrupted: false, notRunning: [], lastResult: "applied" });
  });

  test("two different deliveries at once: one after the other, the second says for which one it waits", async () => {
    await applyInBackground(slowBundle(3, "first of two"));
    await until("systemctl is-active fairhost-slow.service | grep -q activating");
    const { report, stderr } = await apply(base);
    expect(stderr).toMatch(/waiting up to \d+ s for apply \(process \d+, since /);
    expect(report).toMatchObject({ result: "applied", errors: [] });
    expect((await apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
  });

  test("a full disk: nothing is overwritten, services stay up", async () => {
    await shell(
      "cp -a /var/lib/fairhost /run/state && mount -t tmpfs -o size=20m state /var/lib/fairhost && cp -a /run/state/. /var/lib/fairhost/",
    );
    const before = await traces();
    const { exitCode, report } = await apply(bundleOf({ 1: accountGroup(1, "new") }, fullHost()));
    expect([exitCode, report.result]).toEqual([5, "failed"]);
    expect(report.errors[0]!.message).toMatch(/\d+ MiB free, 32 needed: nothing was changed, services keep running/);
    expect(await traces()).toBe(before);
    await shell("umount /var/lib/fairhost && rm -rf /run/state");
  });

  test("an incomplete delivery is refused and leaves no files behind", async () => {
    const result = await host.run(["fairhost-host", "apply"], { stdin: delivery(base).slice(0, -20) });
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toContain("the delivery is refused and nothing was changed");
    expect(await shell("find /run/fairhost -name '*.delivery'")).toBe("");
  });

  test("retire stops everything of Fairhost, keeps secrets and firewall; apply starts it again", async () => {
    const secret = await shell("cat /var/lib/fairhost/secrets/accounts/1");
    expect(await host.run(["fairhost-host", "retire"])).toMatchObject({ exitCode: 0 });
    expect(await states(socket(1), "nginx", "fairhost.target")).toEqual(["inactive", "inactive", "inactive"]);
    expect(await shell("nft list tables")).toBe("table inet fairhost");
    expect(await host.run(["fairhost-host", "retire"])).toMatchObject({ exitCode: 0 });
    expect((await apply(base)).report.result).toBe("applied");
    expect(await states(socket(1), "nginx")).toEqual(["active", "active"]);
    expect(await shell("cat /var/lib/fairhost/secrets/accounts/1")).toBe(secret);
  });
});
