import { describe, expect, test } from "vitest";
import type { Inspection } from "../../../delivery/protocol/inspection.ts";
import type { BackupHosts } from "../../../testing/fakes/backup-hosts.ts";
import { flipByte } from "../../../testing/fakes/flip-byte.ts";

/** What a byte spoils that has changed in a repository; on a host with backups of account 1, which has `sub/page`, and account 2. */
export function damageCases(on: () => BackupHosts): void {
  describe("a byte of a repository that has changed", () => {
    const sh = (command: string) => on().web.shell(command);
    const home = (account: number) => `/srv/accounts/${account}/home`;
    const repositories = "/srv/accounts/2/repositories";
    const metric = "fairhost_repository_damaged_files";
    let [first, second, pack] = ["", "", ""];
    const backUp = async () => {
      await sh("fairhost-host backup 2");
      return (await sh("fairhost-host backups 2 | tail -n 1")).split(" ")[0]!;
    };
    const found = async () => {
      const { stdout } = await on().backup.host.run("fairhost-host inspect --json </dev/null");
      return (JSON.parse(stdout) as Inspection).differences.filter(({ kind }) => kind === "backup-damaged");
    };
    const damagedFiles = () =>
      on().backup.shell(`sed -n 's/^${metric}{account="2"} //p' /var/lib/fairhost/metrics/backups.prom`);

    test("is found by who reads it, and is named in drift and in the metric that raises the alert", async () => {
      await sh(`echo of-both >${home(2)}/old`);
      first = await backUp();
      await sh(`head -c 3000000 /dev/urandom >${home(2)}/new && echo again >${home(2)}/old`);
      second = await backUp();
      // What only the second one needs came after the first one; most of it is in the pack of the large file.
      pack = await on().backup.shell(
        `cd ${repositories} && find */data -type f -newer "$(ls -d */snapshots/${first}*)" -printf '%s %p\\n' | sort -rn | sed -n '1s/.* //p'`,
      );
      const file = `${repositories}/${pack}`;
      expect(Number(await on().backup.shell(`stat -c %s ${file}`))).toBeGreaterThan(3_000_000);
      await on().backup.shell(`cp -p ${file} /root/whole && ${flipByte(file, 1_000_000)}`);
      const { exitCode, stderr } = await on().backup.host.run("fairhost-host verify-backups");
      expect([exitCode, stderr]).toEqual([5, `${file} is damaged: it is not what was written\n`]);
      expect(await found()).toMatchObject([
        { what: file, message: `${file} is damaged: snapshots that need it cannot be restored completely` },
      ]);
      expect(await damagedFiles()).toBe("1");
    });

    test("leaves the snapshots before it whole", async () => {
      expect(await sh(`fairhost-host restore-backup 2 account --snapshot ${first}`)).toContain("/home\n");
      expect(await sh(`cat ${home(2)}/restored-*/home/old && ls ${home(2)}/restored-*/home`)).not.toContain("new");
      expect(await sh(`cat ${home(2)}/restored-*/home/old && rm -r ${home(2)}/restored-*`)).toBe("of-both");
    });

    test("is said by the restore of what it has spoiled, which is not taken for a whole one; the rest of that snapshot comes", async () => {
      const { exitCode, stderr } = await on().web.host.run(`fairhost-host restore-backup 2 files --snapshot ${second}`);
      const named = new RegExp(
        `: /new: .* from ${pack.split("/").at(-1)!.slice(0, 8)} failed: ciphertext verification failed`,
      );
      expect([exitCode, stderr]).toEqual([5, expect.stringMatching(named)]);
      expect(await sh(`ls ${home(2)} | grep restored`)).toMatch(/^restored-\S+\.partial$/);
      await sh(`fairhost-host restore-backup 2 files old --snapshot ${second}`);
      expect(await sh(`cat $(ls -d ${home(2)}/restored-* | grep -v partial)/home/old`)).toBe("again");
      await sh(`rm -r ${home(2)}/restored-*`);
    });

    test("does not concern another account", async () => {
      await sh("fairhost-host backup 1 && fairhost-host restore-backup 1 files sub/page");
      expect(
        await sh(`cmp ${home(1)}/sub/page ${home(1)}/restored-*/home/sub/page && rm -r ${home(1)}/restored-*`),
      ).toBe("");
    });

    test("is forgotten once it is read again and whole", async () => {
      await on().backup.shell(`cp -p /root/whole ${repositories}/${pack}`);
      expect(await on().backup.shell("fairhost-host verify-backups 2")).toBe("");
      expect([await found(), await damagedFiles()]).toEqual([[], "0"]);
      await sh(`fairhost-host restore-backup 2 files new && cmp ${home(2)}/new ${home(2)}/restored-*/home/new`);
      await sh(`rm -r ${home(2)}/restored-* ${home(2)}/new ${home(2)}/old`);
    });
  });
}
