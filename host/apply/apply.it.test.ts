import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { sealGroup } from "../../delivery/protocol/digest.ts";
import {
  type AppliedHost,
  appliedHost,
  base,
  firewall,
  fullHost,
  nginx,
  site,
  socket,
} from "../../testing/fakes/applied-host.ts";
import { accountGroup, bundleOf } from "../../testing/fakes/host-tree.ts";
import type { Run } from "../os/machine.ts";
import { lastStateChange } from "../os/systemd.ts";

let on: AppliedHost;

/** State that an apply without a change must not alter: nginx's workers, start times of units, the last daemon-reload. */
const traces = () =>
  on.shell(
    `cat /proc/$(cat /run/nginx.pid)/task/*/children; systemctl show -p UnitsLoadTimestampMonotonic; systemctl show -p ActiveEnterTimestampMonotonic ${socket(1)} ${socket(2)} nginx fairhost.target; nft -a list ruleset | grep -v counter`,
  );

beforeAll(async () => {
  on = await appliedHost("apply");
}, 300_000);

afterAll(async () => on?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const { report, stderr } = await on.apply(base);
  expect(["applied", "unchanged"], stderr).toContain(report.result);
});

test("starts units, front end and firewall, shows progress, and a second run touches nothing", async () => {
  expect(await on.states(socket(1), socket(2), "nginx", "fairhost.target")).toEqual(Array(4).fill("active"));
  expect(await on.status()).toMatchObject({ drift: [], notRunning: [], firewall: "as loaded", interrupted: false });
  expect(await on.shell("getent passwd a2")).toContain("a2:x:200002:200002");
  const before = await traces();
  const again = await on.apply(base);
  expect(again.report).toMatchObject({ result: "unchanged", hooks: [], filesWritten: 0 });
  expect(await traces()).toBe(before);
});

test("systemd sees nothing outdated after a switch, so a new account needs no daemon-reload", async () => {
  const read = await on.shell("systemctl show -p UnitsLoadTimestampMonotonic");
  const groups = {
    1: accountGroup(1, "one", [site(1)]),
    2: accountGroup(2, "one", [site(2)]),
    3: accountGroup(3, "one", [site(3)]),
  };
  const { report } = await on.apply(bundleOf(groups, fullHost()));
  expect(report).toMatchObject({ result: "applied", hooks: [`start ${socket(3)}`, "reload nginx.service"] });
  expect(await on.shell("systemctl show -p UnitsLoadTimestampMonotonic")).toBe(read);
  expect(
    await on.shell(`systemctl show -p NeedDaemonReload ${socket(1)} ${socket(3)} nginx account-1.slice | sort -u`),
  ).toBe("NeedDaemonReload=no");
});

test("an account that is removed and comes back with another limit has it, though systemd still knows the old unit", async () => {
  const limited = (backlog: number) => {
    const { files, ...group } = accountGroup(3, "one", [site(3)]);
    const changed = files.map((file) =>
      file.path.endsWith(".socket") && "content" in file
        ? { ...file, content: `${file.content}Backlog=${backlog}\n` }
        : file,
    );
    return sealGroup({ ...group, files: changed });
  };
  const two = { 1: accountGroup(1, "one", [site(1)]), 2: accountGroup(2, "one", [site(2)]) };
  // A unit that names another one keeps it loaded.
  await on.shell(
    `printf '[Unit]\\nAfter=${socket(3)}\\n[Service]\\nExecStart=/usr/bin/sleep infinity\\n' >/run/systemd/system/holds.service; systemctl daemon-reload; systemctl start holds`,
  );
  const backlog = () => on.shell(`systemctl show -p Backlog --value ${socket(3)}`);
  await on.apply(bundleOf({ ...two, 3: limited(100) }, fullHost()));
  expect(await backlog()).toBe("100");
  await on.apply(bundleOf(two, fullHost()));
  const { report } = await on.apply(bundleOf({ ...two, 3: limited(50) }, fullHost()));
  expect(report.result).toBe("applied");
  expect(await backlog()).toBe("50");
  await on.shell("systemctl stop holds; rm /run/systemd/system/holds.service");
});

test("one account changed: its service is stopped for the next request, the neighbour's process keeps running", async () => {
  await on.shell("systemctl start account-1-http-blog.service account-2-http-blog.service");
  const pid = await on.shell("systemctl show -p MainPID --value account-2-http-blog.service");
  const groups = { 1: accountGroup(1, "new", [site(1)]), 2: accountGroup(2, "one", [site(2)]) };
  const { report, stderr } = await on.apply(bundleOf(groups, fullHost()));
  expect(report.hooks).toEqual(["daemon-reload", "stop changed account-1-http-blog.service"]);
  expect(stderr).toContain("web1: staged 1 files, 1 accounts changed\n");
  expect(await on.states("account-1-http-blog.service")).toEqual(["inactive"]);
  expect(await on.shell("systemctl show -p MainPID --value account-2-http-blog.service")).toBe(pid);
});

test("a front end that nginx refuses never takes effect", async () => {
  const before = await traces();
  const { exitCode, report } = await on.apply(
    bundleOf({ 1: accountGroup(1, "new") }, fullHost([nginx("nonsense on;"), firewall()])),
  );
  expect([exitCode, report.result]).toEqual([5, "rolled-back"]);
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
  await on.shell("systemd-run --quiet --unit=squatter python3 -m http.server --bind :: 81");
  const { exitCode, report } = await on.apply(
    bundleOf({ 2: accountGroup(2, "new") }, fullHost([nginx("listen [::]:81;"), firewall()])),
  );
  await on.shell("systemctl stop squatter");
  expect([exitCode, report.result]).toEqual([5, "rolled-back"]);
  expect(report.errors[0]!.message).toMatch(/nginx keeps its old configuration: .*\[::\]:81 failed .*in use/);
  expect(await on.states(socket(1), socket(2), "nginx")).toEqual(["active", "active", "active"]);
  expect((await on.apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
});

test("accounts with a bad web site, a bad unit or a used address keep their old files; the others go on", async () => {
  const groups = {
    1: accountGroup(1, "new", [site(1, "a b c;")]),
    2: accountGroup(2, "new", [site(2)]),
    3: accountGroup(3, "new\n[Service]\nExecStart=relative", [site(3)]),
    4: accountGroup(4, "new", [site(4)]),
  };
  await on.shell("systemd-run --quiet --unit=squatter python3 -m http.server --bind ::1 20004");
  const { exitCode, report } = await on.apply(bundleOf(groups, fullHost()));
  await on.shell("systemctl stop squatter");
  expect([exitCode, report.result, report.changedGroups]).toEqual([5, "partial", ["account-2"]]);
  expect(new Set(report.errors.map(({ group }) => group))).toEqual(new Set(["account-1", "account-3", "account-4"]));
  expect(report.errors.find(({ group }) => group === "account-4")!.message).toMatch(
    /account-4-http-blog.socket is failed: .*Result=resources.*20004/,
  );
  const description = (number: number) =>
    on.shell(`systemctl show -p Description --value account-${number}-http-blog.service`);
  expect([await description(1), await description(2)]).toEqual(["one", "new"]);
  expect(await on.states(socket(1), socket(2))).toEqual(["active", "active"]);
  expect(await on.shell(`ls ${currentGeneration}/systemd`)).not.toMatch(/account-[34]/);
});

test("systemd knows when a unit was last reloaded: enough for folders whose daemon does not say", async () => {
  const run: Run = async (program, args) => {
    const { exitCode, stdout, stderr } = await on.host.run([program, ...args]);
    return { status: exitCode, stdout, stderr };
  };
  const start = Date.now();
  expect(await lastStateChange({ run }, "nginx.service")).toBeLessThan(start);
  await on.shell("systemctl reload nginx");
  const reloaded = await lastStateChange({ run }, "nginx.service");
  expect(reloaded).toBeGreaterThan(start);
  expect(reloaded).toBeLessThanOrEqual(Date.now());
  expect(await lastStateChange({ run }, "never-heard-of.service")).toBeUndefined();
});

test("changes by hand (stopped, flushed, edited) are repaired once, and reported", async () => {
  await on.shell(
    `systemctl stop ${socket(1)} && nft flush ruleset && echo '# x' >> ${currentGeneration}/nginx/accounts/1.map`,
  );
  expect(await on.status()).toMatchObject({
    drift: ["nginx/accounts/1.map"],
    notRunning: [{ unit: socket(1) }],
    firewall: "changed",
  });
  const { report } = await on.apply(base);
  expect(report.repaired).toEqual([
    "nginx/accounts/1.map had been changed",
    `${socket(1)} was not running`,
    "the firewall had been changed",
  ]);
  expect(report.hooks).toEqual(["load the firewall", `start ${socket(1)}`, "reload nginx.service"]);
  expect((await on.apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
});

test("a firewall that blocks SSH is rolled back at once", async () => {
  const rules = await on.shell("nft list ruleset");
  const { exitCode, report } = await on.apply(
    bundleOf({ 1: accountGroup(1) }, fullHost([nginx(), firewall("tcp dport 23 accept")])),
  );
  expect([exitCode, report.result]).toEqual([5, "rolled-back"]);
  expect(report.errors[0]!.message).toContain("the new rules block SSH");
  expect(await on.shell("nft list ruleset")).toBe(rules);
  expect((await on.apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
});

test("a full disk: nothing is overwritten, services stay up", async () => {
  await on.shell(
    "cp -a /var/lib/fairhost /run/state && mount -t tmpfs -o size=20m state /var/lib/fairhost && cp -a /run/state/. /var/lib/fairhost/",
  );
  const before = await traces();
  const { exitCode, report } = await on.apply(bundleOf({ 1: accountGroup(1, "new") }, fullHost()));
  expect([exitCode, report.result]).toEqual([5, "failed"]);
  expect(report.errors[0]!.message).toMatch(/\d+ MiB free, 32 needed: nothing was changed, services keep running/);
  expect(await traces()).toBe(before);
  await on.shell("umount /var/lib/fairhost && rm -rf /run/state");
});

test("accounts' file system declared but not mounted: refused, and nothing is made on the root file system", async () => {
  const mount = "[Mount]\\nWhat=accounts\\nWhere=/srv/accounts\\nType=tmpfs\\n";
  await on.shell(`printf '${mount}' >/etc/systemd/system/srv-accounts.mount && systemctl daemon-reload`);
  const before = await on.shell("ls /srv/accounts");
  const groups = { 1: accountGroup(1, "new", [site(1)]), 9: accountGroup(9, "one", [site(9)]) };
  const { exitCode, report } = await on.apply(bundleOf(groups, fullHost()));
  expect([exitCode, report.result]).toEqual([5, "failed"]);
  expect(report.errors[0]!.message).toMatch(/^\/srv\/accounts is not mounted, .*systemctl start srv-accounts.mount/);
  expect(await on.shell("ls /srv/accounts")).toBe(before);
  await on.shell("systemctl start srv-accounts.mount");
  expect((await on.apply(base)).report).toMatchObject({ result: "applied", errors: [] });
  await on.shell(
    "systemctl stop srv-accounts.mount && rm /etc/systemd/system/srv-accounts.mount && systemctl daemon-reload",
  );
});

test("retire stops everything of Fairhost, also at boot, keeps secrets and firewall; apply starts it again", async () => {
  const enabled = "systemctl is-enabled nginx bird || true";
  expect(await on.shell(`systemctl --quiet enable nginx bird; ${enabled}`)).toBe("enabled\nenabled");
  const secret = await on.shell("cat /var/lib/fairhost/secrets/accounts/1");
  expect(await on.host.run(["fairhost-host", "retire"])).toMatchObject({ exitCode: 0 });
  expect(await on.states(socket(1), "nginx", "fairhost.target")).toEqual(["inactive", "inactive", "inactive"]);
  expect(await on.shell("nft list tables")).toBe("table inet fairhost");
  expect(await on.shell(enabled)).toBe("disabled\ndisabled");
  expect(await on.host.run(["fairhost-host", "retire"])).toMatchObject({ exitCode: 0 });
  expect((await on.apply(base)).report.result).toBe("applied");
  expect(await on.states(socket(1), "nginx")).toEqual(["active", "active"]);
  expect(await on.shell("cat /var/lib/fairhost/secrets/accounts/1")).toBe(secret);
});
