import { describe, expect, test } from "vitest";
import type { RestoreState } from "../../../host/store/restores.ts";
import type { BackupHosts } from "../../../testing/fakes/backup-hosts.ts";
import { inside } from "../../../testing/fakes/inside-sandbox.ts";
import type { Restore } from "../restore-request.ts";

const mb = 1_000_000;

/** A declared restore whose connection breaks in the middle. @param ask puts a wish of account 1 in force */
export function brokenRestoreCases(on: () => BackupHosts, ask: (restore?: Restore) => Promise<unknown>): void {
  describe("a restore whose connection breaks", () => {
    const sh = (command: string) => on().web.shell(command);
    const files = 60;
    const place = "/srv/accounts/replaced/1/broken/files/home";
    const state = async () => JSON.parse(await sh("cat /var/lib/fairhost/restores/1.json")) as RestoreState;
    const received = async () => Number(await sh("cat /sys/class/net/eth0/statistics/rx_bytes"));

    test("keeps what has come, and waits before its timer tries again", async () => {
      await inside(
        on().web.host,
        1,
        `mkdir -p big && for each in $(seq ${files}); do head -c ${mb} /dev/urandom >big/$each; done; sha256sum big/* >sums; mkdir frozen && ln -s ../sums frozen/link && chmod 555 frozen`,
      );
      await sh("fairhost-host backup 1");
      const snapshot = (await sh("fairhost-host backups 1 | tail -n 1")).split(" ")[0]!;
      await inside(on().web.host, 1, "rm -r big");
      await ask({ id: "broken", snapshot, what: ["files"] });
      // 60 MB take half a minute.
      await on().backup.shell("tc qdisc add dev eth0 root tbf rate 16mbit burst 32k latency 400ms");
      await sh("systemctl start --no-block fairhost-restore.service");
      await on().web.until(`[ "$(du -s --block-size=${mb} ${place} | cut -f 1)" -ge ${files / 3} ]`);
      await on().backup.shell("systemctl stop fairhost-repositories.service; tc qdisc del dev eth0 root");
      await on().web.until("! systemctl is-active fairhost-restore.service | grep -q activating");
      const first = await state();
      expect(first).toMatchObject({ phase: "due", tries: 1, why: expect.stringMatching(/bak1 cannot be reached/) });
      await on().backup.shell("systemctl start fairhost-repositories.service");
      await sh("systemctl start fairhost-restore.service");
      expect(await state()).toEqual(first);
    });

    test("goes on with it, and brings nothing of it again", async () => {
      // As it may have come already: read-only, with a symlink in it.
      await sh(
        `cd ${place} && rm -rf frozen && mkdir frozen && ln -s ../sums frozen/link && chmod 555 frozen && chown -hR 1900000001:1900000001 frozen`,
      );
      const before = await received();
      await sh("fairhost-host restore-declared 1");
      expect((await received()) - before).toBeLessThan((files - files / 6) * mb);
      expect(await state()).toMatchObject({ id: "broken", phase: "done" });
      expect(await state()).not.toHaveProperty("tries");
      expect(
        await inside(
          on().web.host,
          1,
          "sha256sum --quiet -c sums && ls big | wc -l; stat -c %a frozen; chmod 755 frozen; rm -r frozen",
        ),
      ).toBe(`${files}\n555\n`);
    });
  });
}
