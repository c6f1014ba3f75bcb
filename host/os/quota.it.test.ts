import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountFixture } from "../../components/account/account-container.fixture.ts";
import { renderAccount } from "../../components/account/render-account.ts";
import { buildApplier } from "../../delivery/build.ts";
import type { ApplyReport, Bundle } from "../../delivery/protocol/bundle.ts";
import { encodeBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../lab/own-kernel.ts";
import { bundleOf } from "../../testing/fakes/host-tree.ts";

/** The applier under a kernel of its own, on a real ext4 with project quotas: this machine's kernel need not have them. */
let host: OwnKernelHost;

/** 10 MB and 2,000 inodes: 9 MB and 1,800 for the home, 1 MB and 200 for the logs. */
const limits = { ...accountFixture().limits, diskGb: 0.01, inodes: 2000 };

/** Accounts by number, each with its diskGb. */
function bundleWith(accounts: Readonly<Record<number, number>>): Bundle {
  const groups = Object.entries(accounts).map(([number, diskGb]) => {
    const account = accountFixture(Number(number), { limits: { ...limits, diskGb } });
    const { files, account: directories } = renderAccount(account);
    return [number, sealGroup({ files, units: [], account: directories })] as const;
  });
  return bundleOf(Object.fromEntries(groups));
}

const both = bundleWith({ 1: 0.01, 2: 0.01 });
const three = bundleWith({ 1: 0.01, 2: 0.01, 3: 0.01 });

async function apply(bundle: Bundle): Promise<ApplyReport> {
  const masterSecret = Buffer.alloc(32, 7).toString("base64");
  const stdin = JSON.stringify({ bundle: encodeBundle(bundle), masterSecret, secretEpoch: 1 });
  const { stdout, stderr } = await host.run("fairhost-host apply", { stdin, timeout: 300_000 });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as ApplyReport;
}

async function sh(command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(command, { timeout: 120_000 });
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout.trim();
}

/** A command with the rights of an account, outside of its sandbox. */
const as = (number: number, command: string) =>
  host.run(
    `cd /srv/accounts/${number}/home/www && setpriv --reuid=${200_000 + number} --regid=${200_000 + number} --clear-groups --inh-caps=-all --bounding-set=-all sh -c '${command}'`,
  );

/** Used bytes and inodes of a project. */
async function used(project: number): Promise<[bytes: number, inodes: number]> {
  const row = (await sh("repquota -P -n -O csv /srv/accounts"))
    .split("\n")
    .find((line) => line.startsWith(`#${project},`));
  const fields = row?.split(",") ?? [];
  return [Number(fields[3]) * 1024, Number(fields[7])];
}

/** Differences of quotas. */
async function drift(): Promise<string[]> {
  const { stdout } = await host.run("fairhost-host inspect --json </dev/null", { timeout: 120_000 });
  const { differences } = JSON.parse(stdout) as Inspection;
  return differences.filter(({ kind }) => kind === "quota-changed").map(({ message }) => message);
}

const logsOf = (number: number) => 2 ** 24 + number;

beforeAll(async () => {
  // As Debian's installer makes it.
  host = await bootOwnKernel({ features: "", mountOptions: "" });
  await host.writeFile("/usr/local/sbin/fairhost-host", await buildApplier(), 0o755);
  await sh("fairhost-host init");
});
afterAll(() => host?.stop());

test("a file system without project quotas is refused before anything is changed, and the message says how to turn them on", async () => {
  const { result, errors } = await apply(both);
  expect(result).toBe("failed");
  expect(errors.map(({ message }) => message)).toEqual([
    "/srv/accounts (ext4 on /dev/ubda) does not enforce project quotas, so one account could fill the disk of all: unmount it, run: tune2fs -O project,quota /dev/ubda, add the mount option prjquota in /etc/fstab, mount it again (docs/how-to/operate/turn-on-disk-quotas.md), then deploy again; nothing was changed, services keep running",
  ]);
  expect(await sh("ls /srv/accounts; ls /var/lib/fairhost")).not.toMatch(/^(1|host)$/m);
  await sh("umount /srv/accounts && tune2fs -O project,quota /dev/ubda");
  await sh("mount -o nosuid,nodev,prjquota /dev/ubda /srv/accounts");
});

test("an apply sets both quotas of each account, and a second one changes nothing", async () => {
  const report = await apply(both);
  expect(report).toMatchObject({ result: "applied", errors: [], hooks: expect.arrayContaining(["set 4 disk quotas"]) });
  expect((await apply(both)).result).toBe("unchanged");
  expect(await drift()).toEqual([]);
  expect(await sh("lsattr -pd /srv/accounts/1/home/www /srv/accounts/1/admin/logs/front-end")).toMatch(
    new RegExp(`^ *1 \\S*P\\S* \\S*www\\n *${logsOf(1)} \\S*P\\S* \\S*front-end$`),
  );
});

describe("an account that fills its disk", () => {
  test("by one file: stops at its limit", async () => {
    const { exitCode, stderr } = await as(1, "head -c 20000000 /dev/zero > big");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("Disk quota exceeded")]);
    const [bytes] = await used(1);
    expect(bytes).toBeGreaterThan(8_900_000);
    expect(bytes).toBeLessThanOrEqual(9_000_448);
  });

  test("and its logs go on, its neighbour writes, a deploy goes through", async () => {
    const log = "/srv/accounts/1/admin/logs/front-end/access.log";
    const asFrontEnd = "setpriv --reuid=33 --regid=33 --clear-groups --inh-caps=-all --bounding-set=-all";
    await sh(`${asFrontEnd} sh -c 'head -c 500000 /dev/zero > ${log}'`);
    expect(await as(2, "head -c 5000000 /dev/zero > own")).toMatchObject({ exitCode: 0 });
    expect(await apply(three)).toMatchObject({ result: "applied", errors: [] });
    expect(await drift()).toEqual([]);
  });

  test("by its logs: stops at their limit, and its home has its own space still", async () => {
    const log = "/srv/accounts/2/admin/logs/http-blog.log";
    // As systemd opens it, as root, for the account's program to write.
    const flood = `exec >>${log}; exec setpriv --reuid=200002 --regid=200002 --clear-groups --inh-caps=-all --bounding-set=-all yes`;
    expect(await host.run(flood)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("Disk quota exceeded"),
    });
    expect((await used(logsOf(2)))[0]).toBeLessThanOrEqual(1_000_448);
    expect(await as(2, "head -c 1000000 /dev/zero > more")).toMatchObject({ exitCode: 0 });
  });

  test("and the service that bounds logs makes room for the newest lines, within the quota that it finds", async () => {
    const log = "/srv/accounts/2/admin/logs/http-blog.log";
    const script = readFileSync(join(import.meta.dirname, "../../components/account/bound-logs.sh"));
    await host.writeFile("/run/bound-logs", script, 0o755);
    await host.run("timeout 30 /run/bound-logs", { timeout: 60_000 });
    expect(await as(2, `echo newest >>${log}`)).toMatchObject({ exitCode: 2 });
    await sh(
      `exec >>${log}; exec setpriv --reuid=200002 --clear-groups --inh-caps=-all --bounding-set=-all echo newest`,
    );
    expect(await sh(`tail -n 1 ${log}; ls ${log}.*.gz | wc -l`)).toBe("newest\n1");
    expect((await used(logsOf(2)))[0]).toBeLessThan(250_000);
  });

  test("by inodes", async () => {
    const { exitCode, stderr } = await as(2, "i=0; while [ $i -lt 2000 ]; do : > f$i || exit 3; i=$((i + 1)); done");
    expect([exitCode, stderr]).toEqual([expect.any(Number), expect.stringContaining("Disk quota exceeded")]);
    expect(exitCode).not.toBe(0);
    expect((await used(2))[1]).toBe(1800);
  });

  test("cannot leave its project in its sandbox, nor keep new files out of it", async () => {
    const unit = (command: string) => `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
User=200001
PrivateUsers=self
ExecStart=/usr/bin/chattr ${command} /srv/accounts/1/home/www
StandardError=truncate:/run/trial
`;
    for (const command of ["-p 2", "-p 0", "-P"]) {
      await host.writeFile("/run/systemd/system/trial.service", unit(command));
      const { exitCode } = await host.run("systemctl daemon-reload && systemctl start trial.service");
      expect([command, exitCode, await sh("cat /run/trial")]).toEqual([
        command,
        1,
        expect.stringContaining("Invalid argument"),
      ]);
    }
    const [bytes] = await used(1);
    expect(bytes).toBeGreaterThan(8_900_000);
  });
});

test("a quota that was lifted or changed by hand is drift, and the next apply repairs it once", async () => {
  await sh("printf '1 0 0 0 0\\n2 0 1 0 1\\n' | setquota -P -b /srv/accounts; chattr -p 0 /srv/accounts/2/admin/logs");
  const found = [
    "/srv/accounts/1 has no quota, but should have 9000960 bytes and 1800 inodes",
    "/srv/accounts/2 has a quota of 1024 bytes and 1 inodes, but should have 9000960 bytes and 1800 inodes",
    "/srv/accounts/2/admin/logs has no quota, but should have 1000448 bytes and 200 inodes",
  ];
  expect(await drift()).toEqual(found);
  expect(await apply(three)).toMatchObject({ result: "applied", repaired: found });
  expect(await drift()).toEqual([]);
});

test("another plan sets other limits; of an account that was there before, all files are counted, and no symlink is followed", async () => {
  const old = "/srv/accounts/9";
  // Deployed with 0.1.0, and hostile: symlinks to another account's files, a pipe that blocks who opens it, deep directories.
  await sh(`mkdir -p ${old}/home/www/a/b ${old}/admin/logs; cd ${old}/home/www; head -c 2000000 /dev/zero > a/b/file
    chown -R 200009:200009 .; ln -s /srv/accounts/2/home/www other; ln -s /srv/accounts/2/home/www/own own; mkfifo pipe
    perl -e 'for (1..3000) { mkdir "d" or die; chdir "d" or die }'; head -c 100000 /dev/zero > ${old}/admin/logs/old.log`);
  const before = await used(2);
  expect(await apply(bundleWith({ 1: 0.02, 2: 0.01, 9: 0.1 }))).toMatchObject({
    ...{ result: "applied", errors: [], repaired: [] },
    hooks: expect.arrayContaining(["set 4 disk quotas"]),
  });
  expect(await as(1, "head -c 5000000 /dev/zero > more")).toMatchObject({ exitCode: 0 });
  const [bytes, inodes] = await used(9);
  expect(bytes).toBeGreaterThan(2_000_000 + 3000 * 4096);
  expect(inodes).toBeGreaterThan(3005);
  expect((await used(logsOf(9)))[0]).toBeGreaterThanOrEqual(100_000);
  expect(await used(2)).toEqual(before);
  expect(await sh("lsattr -p /srv/accounts/2/home/www/own")).toMatch(/^ *2 /);
});
