import { describe, expect, test } from "vitest";
import type { BackupHosts } from "../../../testing/fakes/backup-hosts.ts";

/** What a host whose disk is full still backs up, and what it says; on a host with backups of account 1, which has a database, and account 2. */
export function fullDiskCases(on: () => BackupHosts): void {
  describe("on a host whose disk is full", () => {
    const sh = (command: string) => on().web.shell(command);
    const spool = "/srv/accounts/backups";
    const newest = async (account: number) =>
      (await sh(`fairhost-host backups ${account}`)).split("\n").map((line) => line.split(" ")[0]!);

    test("files are backed up, and it is said that databases are not", async () => {
      const before = await newest(2);
      await sh(`echo written-on-a-full-disk >/srv/accounts/2/home/late
        mount -t tmpfs -o size=64k full ${spool} && dd if=/dev/zero of=${spool}/all bs=4k 2>/dev/null || true`);
      const { exitCode, stderr } = await on().web.host.run("fairhost-host backup");
      expect(exitCode).toBe(5);
      expect(stderr).toMatch(
        /account 1 has no new backup: its files are backed up, but not databases of postgresql: the disk is full/,
      );
      expect(stderr).not.toContain("account 2 has no new backup");
      expect(await newest(2)).toHaveLength(before.length + 1);
    });

    test("what was stored then is whole", async () => {
      await sh(`umount ${spool}`);
      await sh(
        `fairhost-host restore-backup 2 files late && grep -q full-disk /srv/accounts/2/home/restored-*/home/late`,
      );
    });

    test("the next run ends well", async () => {
      await sh("fairhost-host backup");
      expect(await sh(`ls -A ${spool}`)).toBe("");
    });
  });
}
