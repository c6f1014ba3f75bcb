import { describe, expect, test } from "vitest";
import type { BackupHosts } from "../../../testing/fakes/backup-hosts.ts";

/** What becomes of backups when the disk of the backup host is full; the last thing that is done with a host with backups of accounts 1 and 2. */
export function fullKeeperCases(on: () => BackupHosts): void {
  describe("a backup host whose disk is full", () => {
    const sh = async (command: string) => {
      const { exitCode, stdout, stderr } = await on().web.host.run(command, { timeout: 400_000 });
      expect(exitCode, stderr).toBe(0);
      return stdout.trim();
    };
    const keeper = (command: string) => on().backup.shell(command);
    const home = (account: number) => `/srv/accounts/${account}/home`;
    const ids = async (account: number) =>
      (await sh(`fairhost-host backups ${account}`)).split("\n").map((line) => line.split(" ")[0]!);
    /** Bytes that are free to accounts there. */
    const resize = (free: number) =>
      keeper(`mount -o remount,size=$(($(df -B1 --output=used /mnt | tail -n 1) + ${free})) /mnt`);
    let before: readonly string[] = [];

    test("takes no backup that has no room, and its host says so at once; another account's comes", async () => {
      await sh(`echo kept >${home(2)}/kept && fairhost-host backup`);
      before = await ids(2);
      await keeper(
        `mount -t tmpfs -o mode=755 small /mnt && cp -a /srv/accounts/. /mnt/ && mount --bind /mnt /srv/accounts &&
         systemctl restart fairhost-repositories.service`,
      );
      await resize(8 << 20);
      await sh(`head -c 60000000 /dev/urandom >${home(2)}/large && echo small >${home(1)}/small`);
      const { exitCode, stderr } = await on().web.host.run("fairhost-host backup", { timeout: 400_000 });
      expect(exitCode).toBe(5);
      expect(stderr).toMatch(
        /account 2 has no new backup: restic backup .*; bak1 takes no more, as when its disk is full/,
      );
      expect(stderr).not.toContain("account 1 has no new backup");
      expect(await ids(2)).toEqual(before);
      await sh(`fairhost-host restore-backup 1 files small && cmp ${home(1)}/small ${home(1)}/restored-*/home/small`);
      await sh(`rm -r ${home(1)}/restored-*`);
      // Nothing that is half is left there as if it were whole.
      expect(await keeper("fairhost-host verify-backups")).toBe("");
    });

    test("gives back what it has, and removes what is over", async () => {
      await resize(0);
      await sh(`fairhost-host restore-backup 2 files kept --snapshot ${before.at(-1)}`);
      expect(await sh(`cat ${home(2)}/restored-*/home/kept && rm -r ${home(2)}/restored-*`)).toBe("kept");
      const old = `/srv/accounts/2/repositories/*/snapshots/${before[0]}*`;
      await keeper(`touch -d '-8 days' ${old} && rm -f /var/lib/fairhost/repositories.json`);
      expect(await keeper("fairhost-host expire-backups")).toContain(`/snapshots/${before[0]}`);
      expect(await ids(2)).toEqual(before.slice(1));
    });

    test("takes all again once it has room", async () => {
      await resize(400 << 20);
      await sh("fairhost-host backup");
      await sh(`fairhost-host restore-backup 2 files large && cmp ${home(2)}/large ${home(2)}/restored-*/home/large`);
      expect(await keeper("fairhost-host verify-backups")).toBe("");
    });
  });
}
