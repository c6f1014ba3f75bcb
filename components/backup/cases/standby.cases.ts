import { randomInt } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { backupKey } from "../../../host/store/secrets.ts";
import type { RunResult } from "../../../lab/container.ts";
import type { AppliedHost } from "../../../testing/fakes/applied-host.ts";
import type { BackupHosts } from "../../../testing/fakes/backup-hosts.ts";
import { inside } from "../../../testing/fakes/inside-sandbox.ts";
import { planFixture } from "../../plan/plan.fixture.ts";
import type { Declaration } from "../../registry/kinds.generated.ts";

/** What the tests of standbys (standby.it.test.ts) have. */
export interface Given {
  readonly master: string;
  readonly home: string;
  readonly copy: string;
  readonly repositories: string;
  hosts(): { readonly on: BackupHosts; readonly standby: AppliedHost };
  declaration(): Declaration;
  toStandby(declaration: Declaration): string;
  asHost(words: string): Promise<RunResult>;
  fetchBackups(): Promise<RunResult>;
  snapshots(host: AppliedHost, directory: string): Promise<string>;
  sums(host: AppliedHost, directory: string): Promise<string>;
  late(): Promise<string[]>;
  expectWholeCopy(): Promise<void>;
}

/** Clocks that were wrong. */
export function clockCases(given: Given): void {
  test("a backup that came when the clock of the backup host was ahead does not hide those that come later, in the copy nor in branches", async () => {
    const { copy, repositories, asHost, fetchBackups, sums, late } = given;
    const { on, standby } = given.hosts();
    // It may have files of branches that other tests have removed.
    await standby.shell(`rm -rf ${copy}/*`);
    // All that this backup brought is dated so, and the next one needs it.
    await on.backup.shell("touch /root/before");
    await inside(on.web.host, 1, "head -c 3000000 /dev/urandom >ahead");
    await on.web.shell("fairhost-host backup 1");
    await on.backup.shell(
      `cd ${repositories} && find . -path './*/*/*' -type f -newer /root/before -exec touch -d '+3 days' {} +`,
    );
    await inside(on.web.host, 1, "echo later >later");
    await on.web.shell("fairhost-host backup 1");
    expect(await fetchBackups()).toMatchObject({ exitCode: 0 });
    /** Newest of those that are not dated in the future. */
    const newest = async (of: string) => {
      const times = `find ${of} -type f ! -newermt now -printf '%T@ %f\\n' | sort -n | tail -n 1`;
      return (await on.backup.shell(`cd ${repositories} && ${times}`)).split(" ")[1]!;
    };
    const name = await standby.shell(`ls ${copy}`);
    expect(await standby.shell(`ls ${copy}/*/snapshots`)).toContain(await newest("*/snapshots"));
    expect(await sums(standby, `${copy}/${name}`)).toBe(await sums(on.backup, `${repositories}/${name}`));
    expect(await late()).toEqual([]);
    const [whole = ""] = (await on.backup.shell(`ls ${repositories}`)).split("\n");
    expect(await asHost(`branch ${whole}.7`)).toMatchObject({ exitCode: 0 });
    expect(await on.backup.shell(`ls ${repositories}/${whole}.7/snapshots`)).toBe(await newest(`${whole}/snapshots`));
    await on.backup.shell(`rm -r ${repositories}/${whole}.7`);
    // There is nothing else: the copy has it, and does not count as compared.
    await on.backup.shell(`cd ${repositories} && touch -d '+3 days' */snapshots/*`);
    const { exitCode, stderr } = await fetchBackups();
    expect([exitCode, stderr]).toEqual([
      5,
      expect.stringMatching(/its newest backup came to bak1 at 20\S+, which is in the future: look at the clocks/),
    ]);
    await on.backup.shell(`find ${repositories} -type f -newermt now -exec touch -r /root/before {} +`);
    await on.web.shell("fairhost-host backup 1");
    expect(await fetchBackups()).toMatchObject({ exitCode: 0 });
  });
}

/** Nobody has a repository of the account open on the backup host: what ended, however it did, has been looked after. */
const quiet = ({ backup }: BackupHosts) => backup.until("! pgrep -u a1", 200);

/** Accounts that take long. */
export function shareCases(given: Given): void {
  test("an account that takes longer than its share of the time is left to the daily run, and its copy to the next run", async () => {
    const { copy, declaration, toStandby, fetchBackups, expectWholeCopy } = given;
    const { on, standby } = given.hosts();
    const declared = declaration();
    const state = (host: AppliedHost, of: string) => host.shell(`cat /var/lib/fairhost/${of}/1.json`);
    let isUsual = true;
    /** @param often minutes after which each account with a standby is backed up. @param fetched the same, of its copy */
    const declare = async (often: number, fetched: number) => {
      isUsual = false;
      const bundleOf = (minutes: number) => ({
        ...declared,
        plans: [planFixture({ name: "small", standbyMinutes: minutes })],
      });
      // An apply starts the timers, which may be due: they leave an account alone that another run works on.
      const hosts = [on.web, standby];
      for (const host of hosts) await holdBackup(host, "declaring");
      await on.web.apply(renderBundle(bundleOf(often), "web1"));
      await on.web.shell("systemctl stop fairhost-backup-often.timer fairhost-backup-often.service");
      const stdin = toStandby(bundleOf(fetched));
      await standby.host.run(["fairhost-host", "apply"], { stdin, timeout: 120_000 });
      await standby.shell("systemctl stop fairhost-standby.timer fairhost-standby.service");
      for (const host of hosts) await host.shell("systemctl stop declaring.service");
    };
    /** Nothing makes them slow any more. */
    const release = async () => {
      await on.web.shell("systemctl stop fairhost-backup.service fairhost-backup-1-backup.service || true");
      await inside(on.web.host, 1, "rm -f holes");
      await on.backup.shell(
        "[ ! -e /root/ionice ] || mv /root/ionice /usr/bin/ionice; pgrep -u a1 -x sleep | xargs -r kill",
      );
      await quiet(on);
    };
    const undo = async () => {
      await release();
      if (!isUsual) await declare(60, 60);
      isUsual = true;
    };
    onTestFinished(undo, 200_000);
    await inside(on.web.host, 1, "truncate -s 8T holes");
    // Three seconds for copies, which a list may take, too.
    await declare(0.02, 0.2);
    const { stderr } = await on.web.host.run("fairhost-host backup --due --often");
    expect(stderr).toMatch(
      /account 1 has no new backup: .*its 1 seconds between other accounts were over: fairhost-backup.service/,
    );
    expect(await state(on.web, "backups")).toContain('"slow":true');
    await on.web.until("systemctl is-active 'fairhost-backup-1-backup.service'", 200);
    // The next one does not even try.
    expect(await on.web.host.run("fairhost-host backup --due --often")).toMatchObject({ exitCode: 0, stderr: "" });
    await release();
    await on.web.shell("systemctl start fairhost-backup.service");
    expect(await state(on.web, "backups")).not.toContain("slow");
    await standby.shell(`rm -rf ${copy}/*`);
    // The list comes, and no file.
    await on.backup.shell(
      `cp -p /usr/bin/ionice /root/ionice
       printf '%s\\n' '#!/bin/sh' '[ "$SSH_ORIGINAL_COMMAND" = list-files ] || exec sleep infinity' >/usr/bin/ionice`,
    );
    await expect
      .poll(async () => (await standby.host.run("fairhost-host fetch-backups --due")).stderr, { timeout: 200_000 })
      .toMatch(/account 1: its copy does not have its newest backup: 0 of \d+ files came in the time of one account/);
    expect(await state(standby, "standby")).toContain('"slow":true');
    await undo();
    expect(await fetchBackups()).toMatchObject({ exitCode: 0 });
    expect(await state(standby, "standby")).not.toContain("slow");
    await expectWholeCopy();
  }, 600_000);

  test("who looks at backups while one is made waits for its end, and the timers leave that account for the next time", async () => {
    const { repositories, snapshots } = given;
    const { on } = given.hosts();
    const before = await snapshots(on.backup, repositories);
    const state = "/var/lib/fairhost/backups/1.json";
    await on.web.shell(`cp -p ${state} /root/state && sed -i 's/"time":"20../"time":"2025/' ${state}`);
    onTestFinished(() =>
      on.web.shell(`systemctl stop running.service || true; mv /root/state ${state}`).then(() => {}),
    );
    await holdBackup(on.web, "running");
    const listing = on.web.host.run("fairhost-host backups 1", { timeout: 200_000 });
    await on.web.shell("systemctl start fairhost-backup-often.service");
    expect(await snapshots(on.backup, repositories)).toBe(before);
    expect(await on.web.shell(`cat ${state}`)).not.toContain("failed");
    await on.web.shell("systemctl stop running.service");
    expect(await listing).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(" on bak1") });
  }, 300_000);
}

/** As if a run worked on the backups of account 1, until this unit is stopped. */
const holdBackup = (host: AppliedHost, unit: string) =>
  host.shell(
    `systemctl stop ${unit}.service 2>/dev/null || true
     install -d -m 700 /run/fairhost && rm -f /run/held
     systemd-run -q --collect --unit=${unit} flock /run/fairhost/backup-1.lock sh -c 'echo >/run/held; exec sleep infinity'
     until [ -e /run/held ]; do sleep 0.1; done`,
  );

/** Runs a command on a host and kills it, with what it has started, after so many milliseconds. */
export const killed = (host: AppliedHost, command: string, after: number) =>
  host.shell(
    `systemd-run -q --unit=killed sh -c 'exec ${command}'
     sleep ${after / 1000}
     for what in 'kill -s KILL' stop reset-failed; do systemctl $what killed.service 2>/dev/null || true; done`,
  );
/** How long a restore takes here. */
let ofRestore = 1000;
/** Milliseconds: a moment of a restore. */
export const randomMoment = () => randomInt(Math.ceil(ofRestore));

/** Runs and connections that end in the middle. */
export function killedCases(given: Given): void {
  test("what a connection that broke has left half is removed on the backup host when nobody else has the repository open, whoever came later, and nothing that is whole", async () => {
    const { repositories, sums, asHost } = given;
    const { on } = given.hosts();
    const [name = ""] = (await on.backup.shell(`ls -d ${repositories}/*`)).split("\n");
    const whole = name.split("/").at(-1);
    const open = (unit: string) =>
      on.web.shell(
        `systemd-run -q --unit=${unit} sh -c 'sleep infinity | ssh -F none -T -p 8122 -o BatchMode=yes -o UserKnownHostsFile=/var/lib/fairhost/current/backup/known_hosts -i /etc/ssh/ssh_host_ed25519_key a1@fd00:8100::11 open ${whole}'`,
      );
    const sessions = (count: number) => on.backup.until(`[ "$(pgrep -c -u a1 rclone)" = ${count} ]`, 200);
    await quiet(on);
    const files = await sums(on.backup, repositories);
    onTestFinished(async () => {
      await on.web.shell("systemctl stop first second third 2>/dev/null || true");
      await on.backup.shell(`find ${repositories} -type f -perm 000 -exec chmod 600 {} +`);
      await quiet(on);
    });
    const halves = [`data/aa/${"a".repeat(64)}`, `locks/${"b".repeat(64)}`];
    const leaveHalves = () =>
      on.backup.shell(
        `cd ${name} && install -d -o a1 -g a1 data/aa && for half in ${halves.join(" ")}; do echo half >$half; chown a1:a1 $half; done`,
      );
    const left = () => on.backup.shell(`cd ${name} && ls ${halves.join(" ")} 2>/dev/null || true`);
    await open("first");
    await sessions(1);
    // One that cannot be read for the moment may be whole.
    await on.backup.shell(
      `cd ${name}/data && for f in $(find . -type f | head -n 2); do cp $f /root/again && rm $f && cp /root/again $f && chown a1:a1 $f; done && chmod 0 $f`,
    );
    await leaveHalves();
    await on.backup.shell(`until [ $(date +%s) -gt $(stat -c %Y ${name}/${halves[1]}) ]; do sleep 0.1; done`);
    await open("second");
    await sessions(2);
    await on.web.shell("systemctl stop first");
    await sessions(1);
    expect(await left()).toBe(halves.join("\n"));
    await on.web.shell("systemctl stop second");
    await quiet(on);
    expect([await left(), await sums(on.backup, repositories)]).toEqual(["", files]);
    // The next one looks at what a crash has left.
    await open("third");
    await sessions(1);
    await leaveHalves();
    await on.backup.shell("pgrep -u a1 | xargs kill -s KILL || true");
    await quiet(on);
    expect(await left()).toBe(halves.join("\n"));
    await asHost(`open ${whole}`);
    await quiet(on);
    expect([await left(), await sums(on.backup, repositories)]).toEqual(["", files]);
  }, 300_000);

  test("killed at random moments of a backup, a fetch, a restore and while old ones are removed, the next run ends well, and no half is taken for a whole", async () => {
    const { master, home, copy, repositories, snapshots, fetchBackups, expectWholeCopy } = given;
    const { on, standby } = given.hosts();
    const key = backupKey(Buffer.from(master, "base64"), 1, 1);
    const restored = "find /srv/accounts/1/home -maxdepth 1 -name 'restored-*'";
    const old = `cd ${repositories} && install -d -o a1 -g a1 old.1.7.1 old.1.7.1/snapshots && cd old.1.7.1/snapshots && seq -f %064.0f 3000 | xargs touch -d '-9 days' && chown a1:a1 *`;
    const actions = [
      {
        ...{ name: "backup", host: on.web, command: "fairhost-host backup 1" },
        before: () => inside(on.web.host, 1, "head -c 5000000 /dev/urandom >changed"),
        whole: () => on.web.shell("fairhost-host backups 1"),
      },
      {
        ...{ name: "fetch", host: standby, command: "fairhost-host fetch-backups" },
        before: () => standby.shell(`rm -rf ${copy}`),
        // Each snapshot that is there has all that it needs.
        whole: () =>
          standby.shell(
            `for copy in ${copy}/*/snapshots; do [ ! -e "$copy" ] || RESTIC_PASSWORD=${key} restic -q -r "\${copy%/*}" --no-lock --no-cache check; done`,
          ),
      },
      {
        ...{ name: "restore", host: on.web, command: "fairhost-host restore-backup 1 account" },
        before: () => on.web.shell(`${restored} -exec rm -r {} +`),
        whole: async () => {
          for (const name of (await on.web.shell(`${restored} ! -name '*.partial'`)).split("\n").filter(Boolean))
            await on.web.shell(
              `diff -r --no-dereference ${name}/home/sub ${home}/sub && cmp ${name}/home/large ${home}/large && ls ${name}/databases/*.dump ${name}/lib`,
            );
        },
      },
      {
        ...{ name: "expire", host: on.backup, command: "fairhost-host expire-backups" },
        before: () => on.backup.shell(old),
        whole: async () => expect(await snapshots(on.backup, repositories)).toContain(await newestIn(repositories)),
      },
    ];
    onTestFinished(async () => {
      await on.web.shell(`${restored} -exec rm -r {} +`);
      await on.backup.shell(`rm -rf ${repositories}/old.*`);
      await fetchBackups();
    }, 200_000);
    const newestIn = (directory: string) => on.backup.shell(`cd ${directory} && ls -t */snapshots/* | head -n 1`);
    for (const { name, host, command, before, whole } of actions) {
      await before();
      const begun = performance.now();
      const clean = await host.host.run(command, { timeout: 200_000 });
      expect(clean.exitCode, `${name}: ${clean.stderr}`).toBe(0);
      const takes = performance.now() - begun;
      if (name === "restore") ofRestore = takes;
      for (let times = 0; times < 4; times++) {
        const after = randomInt(Math.ceil(takes));
        await before();
        await killed(host, command, after);
        await quiet(on);
        await expect(whole(), `${name}, killed after ${after} of ${takes} ms`).resolves.not.toThrow();
      }
      expect(await host.host.run(command, { timeout: 200_000 }), `${name} after it was killed`).toMatchObject({
        exitCode: 0,
      });
      await whole();
    }
    // The last one may have ended before it was killed, too: then there are two, both whole.
    expect(await on.web.shell(`${restored} -name '*.partial' | wc -l`)).toBe("0");
    expect(await on.backup.shell(`ls ${repositories} | grep -c old || true`)).toBe("0");
    await on.web.shell(`${restored} -exec rm -r {} +`);
    await expectWholeCopy();
  }, 600_000);
}
