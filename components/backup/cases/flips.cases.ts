import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { AppliedHost } from "../../../testing/fakes/applied-host.ts";
import { inside } from "../../../testing/fakes/inside-sandbox.ts";

/** What an account gains that exchanges its files for others while they are backed up and restored; on a host with backups of account 1, beside account 2. */
export function flipsCases(web: () => AppliedHost): void {
  describe("an account that puts symlinks, pipes and other files in the place of its own", () => {
    const [home, neighbour] = ["/srv/accounts/1/home", "/srv/accounts/2/home"];
    const guarded = ["declaration.json", "certificates.json", "private", "passwd", "shadow"];
    /** Exchanges directories for what lies beside its home in the root of a backup, and for others' files on the host, until the work is done. */
    const whileFlipping = async (work: () => Promise<void>) => {
      await inside(
        web().host,
        1,
        `rm -rf .flips spool other etcetera file; mkdir spool other etcetera; echo mine >file
for each in $(seq 100) ${guarded.join(" ")}; do for at in spool other etcetera; do echo mine >$at/$each; done; done
setsid python3 flips.py spool=../databases other=${neighbour} etcetera=/etc file=${neighbour}/private </dev/null >/dev/null 2>&1 & echo $! >/tmp/flips.pid`,
      );
      try {
        await work();
        // It has flipped until now.
        await inside(web().host, 1, "kill -0 $(cat /tmp/flips.pid)");
      } finally {
        await inside(web().host, 1, "kill -KILL $(cat /tmp/flips.pid)");
      }
    };
    const untouched = () =>
      web().shell(
        `cd ${neighbour} && find . -printf '%P %y %m %U %G %T@ %n %s\\n' | sort && find . -type f -exec sha256sum {} + | sort && sha256sum /etc/passwd /etc/shadow`,
      );

    test("while it is backed up, has nothing in its backups but its own", async () => {
      await web().host.writeFile(
        `${home}/flips.py`,
        readFileSync(join(import.meta.dirname, "../../../testing/programs/races/flips.py")),
      );
      await web().shell(`echo private-of-bob >${neighbour}/private && chmod 644 ${neighbour}/private`);
      const ids = async () =>
        (await web().shell("fairhost-host backups 1")).split("\n").map((line) => line.split(" ")[0]!);
      const before = new Set(await ids());
      await whileFlipping(async () => {
        for (let round = 0; round < 4; round++) await web().host.run("fairhost-host backup 1");
      });
      const made = (await ids()).filter((id) => !before.has(id));
      expect(made.length).toBeGreaterThan(2);
      for (const id of made) await web().host.run(`fairhost-host restore-backup 1 files --snapshot ${id}`);
      const foreign = `cd ${home} && find restored-*/home/spool restored-*/home/other restored-*/home/etcetera restored-*/home/file -type f -size +0 -exec grep -Ls '^mine$' {} + | xargs -r head -c 100 | grep . || true`;
      expect(await web().shell(foreign)).toBe("");
      expect(
        Number(await web().shell(`cd ${home} && grep -rls --devices=skip '^mine$' restored-*/home | wc -l`)),
      ).toBeGreaterThan(50);
      await web().shell(`rm -r ${home}/restored-*`);
    });

    test("while it is backed up, keeps nobody waiting for a pipe, and has a backup of everything else", async () => {
      await web().host.writeFile(
        `${home}/pipes.py`,
        readFileSync(join(import.meta.dirname, "../../../testing/programs/races/pipes.py")),
      );
      await inside(
        web().host,
        1,
        `rm -rf apart whole .pipes; mkdir apart whole; echo mine >whole/other
setsid python3 pipes.py apart/many 40 50 </dev/null >/tmp/pipes.out 2>&1 & echo $! >/tmp/pipes.pid
until grep -q exchanging /tmp/pipes.out; do sleep 0.1; done`,
      );
      try {
        // Until it has exchanged one at the right moment. 124 would be a pipe that it waits for.
        let run = await web().host.run("timeout 300 fairhost-host backup 1");
        for (let round = 0; run.exitCode === 0 && round < 20; round++)
          run = await web().host.run("timeout 300 fairhost-host backup 1");
        expect(run).toMatchObject({
          exitCode: 5,
          stderr: expect.stringMatching(
            /account 1 has no new backup: its files are backed up, but not (home\/(?:apart\/many|\.pipes)\/\d+): a program of the account kept it waiting for \1\/\d+, by a pipe/,
          ),
        });
        await inside(web().host, 1, "kill -0 $(cat /tmp/pipes.pid)");
      } finally {
        await inside(web().host, 1, "kill -KILL $(cat /tmp/pipes.pid)");
      }
      const newest = (await web().shell("fairhost-host backups 1 | tail -n 1")).split(" ")[0];
      await web().shell(`fairhost-host restore-backup 1 files --snapshot ${newest}`);
      expect(await web().shell(`cat ${home}/restored-*/home/whole/other`)).toBe("mine");
      await web().shell(`cd ${home} && rm -rf restored-* apart whole .pipes pipes.py`);
    });

    test("while it is restored, has written nowhere but into its own, and keeps nobody waiting", async () => {
      const before = await untouched();
      await whileFlipping(async () => {
        for (let round = 0; round < 2; round++) {
          // What is exchanged at the wrong moment is not restored; 124 would be a pipe that it waits for.
          const { exitCode } = await web().host.run("timeout 60 fairhost-host restore-backup 1 files --in-place");
          expect([0, 5]).toContain(exitCode);
        }
      });
      expect(await untouched()).toBe(before);
      await web().shell(`cd ${home} && rm -rf .flips spool other etcetera file flips.py ${neighbour}/private`);
    });
  });
}
