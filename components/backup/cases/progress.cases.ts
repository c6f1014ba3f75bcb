import { expect, test } from "vitest";
import type { BackupHosts } from "../../../testing/fakes/backup-hosts.ts";

/** What a restore says while it goes on; on a host with backups of account 2. */
export function progressCases(on: () => BackupHosts): void {
  test("a restore that takes long says every ten seconds how much of it has come", async () => {
    const home = "/srv/accounts/2/home";
    const { web } = on();
    const made = `head -c 200000000 /dev/urandom >${home}/long && fairhost-host backup 2`;
    expect(await web.host.run(made, { timeout: 400_000 })).toMatchObject({ exitCode: 0 });
    // As on a way that brings a little now and then.
    const halt =
      "until pkill -STOP -f '^/usr/bin/restic restore'; do sleep 0.02; done; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 3; pkill -CONT -f '^/usr/bin/restic restore'; sleep 0.1; pkill -STOP -f '^/usr/bin/restic restore'; done; pkill -CONT -f '^/usr/bin/restic restore'";
    await web.shell(`systemd-run --quiet --collect sh -c "${halt}"`);
    const { exitCode, stderr } = await web.host.run("fairhost-host restore-backup 2 files long", { timeout: 400_000 });
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/^account 2: home: \d+ of 190 MiB, \d of \d files, after \d\d s$/m);
    // Each says more than the one before.
    const mib = [...stderr.matchAll(/: home: (\d+) of/g)].map(([, each]) => Number(each));
    expect(mib).toEqual(mib.toSorted((left, right) => left - right));
    await web.shell(`cmp ${home}/long ${home}/restored-*/home/long && rm -r ${home}/restored-* ${home}/long`);
  }, 600_000);
}
