import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { onOwnDisk } from "../../testing/fakes/own-disk.ts";
import { declarationOf, service } from "../../testing/fixtures/bundle-fixture.ts";

/** Files that a program of the account has mapped, on a real ext4: what a container has in its place never writes a page, and so changes no time later. */
let old: AppliedHost;
let young: AppliedHost;
const home = "/srv/accounts/1/home";
const unit = "account-1-service-mapped";

beforeAll(async () => {
  [old, young] = await Promise.all([appliedHost("mapped-old"), appliedHost("mapped-young")]);
  const alice = { number: 1, name: "alice", services: [service("mapped", ["/usr/bin/python3", "mapped.py"])] };
  for (const [on, accounts] of [[old, [alice]] as const, [young, []] as const]) {
    const { report, stderr } = await on.apply(renderBundle(declarationOf(accounts), "web1"));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  }
  await old.shell(`systemctl stop ${unit}`);
  await onOwnDisk(old, 1);
  await old.host.writeFile(
    `${home}/mapped.py`,
    readFileSync(join(import.meta.dirname, "../../testing/programs/races/mapped.py")),
  );
  await old.shell(`systemctl start ${unit}`);
}, 120_000);
afterAll(async () => {
  await old?.[Symbol.asyncDispose]();
  await young?.[Symbol.asyncDispose]();
});

/** As a deploy copies: each end's output is the other one's input. */
async function copy(pass: string): Promise<void> {
  const ends = [old, young].map(({ host }, index) => {
    const inside = ["-t", `${host.netnsPid}`, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--", "env", "-i"];
    const words = ["PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "fairhost-host", "move", "1"];
    return spawn("nsenter", [...inside, ...words, index === 0 ? "send" : "receive", pass]);
  });
  for (const { stdin } of ends) stdin.on("error", () => {});
  ends[0]!.stdout.pipe(ends[1]!.stdin);
  ends[1]!.stdout.pipe(ends[0]!.stdin);
  for (const end of ends) {
    const [said, [status]] = await Promise.all([text(end.stderr), once(end, "close")]);
    expect(status, said).toBe(0);
  }
}
const counted = async (on: AppliedHost) => Number(await on.shell(`od -A n -N 8 -t u8 ${home}/counted`));
const changed = () => old.shell(`stat -c %y ${home}/counted`);

test("a move brings what was written last to a mapped file, although that has had no new time of change since it was copied", async () => {
  await young.shell("fairhost-host move 1 expect");
  await old.shell("fairhost-host move 1 keep");
  // Until the kernel has written no page by itself between the copy and the stop.
  for (let tries = 0; ; tries++) {
    // So it is when it has been written to for a while: no write gives it a time.
    await expect.poll(() => counted(old)).toBeGreaterThan(0);
    await old.shell(`touch --date='-1 minute' ${home}/counted`);
    await copy("running");
    const [copied, time] = [await counted(young), await changed()];
    await expect.poll(() => counted(old)).toBeGreaterThan(copied);
    await old.shell("fairhost-host move 1 stop");
    if ((await changed()) === time || tries === 5) {
      expect(await changed()).toBe(time);
      break;
    }
    await old.shell(`fairhost-host move 1 cancel; systemctl start ${unit}`);
  }
  const last = await counted(old);
  await copy("last");
  expect(await counted(young)).toBe(last);
}, 120_000);
