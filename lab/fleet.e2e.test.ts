import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Health } from "../delivery/protocol/inspection.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { processesOf } from "../guard/deploy/lock/orphans.ts";
import { inTurn } from "../testing/lab-turn.ts";
import { LabFleet, pack } from "../testing/projects/lab-fleet.ts";
import { setupToolchain } from "../toolchain/setup.ts";
import * as lab from "./lab-api.ts";
import { announced, measure, request } from "./measure.ts";
import { putContent } from "./put-content.ts";

const alice = "http://[fd00:8000:0:1::1]/";
const bob = "http://[fd00:8000:0:2::1]/";

let fleet: LabFleet;
/** Milliseconds that a deploy in two waves takes here. */
let twoWaves = 0;

inTurn(() => lab.down());

beforeAll(async () => {
  await setupToolchain();
  await lab.up();
  fleet = await LabFleet.make();
});

afterAll(() => fleet?.[Symbol.asyncDispose]());

describe("a fleet on real hosts", () => {
  test("is previewed, judged and brought up", async () => {
    const preview = await fleet.pulumi(["preview", ...pack]);
    expect(preview.exitCode, preview.all).toBe(0);
    expect(preview.all).toContain("fairhost:account:AccountContainer");
    await fleet.up(...pack);
  });

  test("every account answers over its own IPv6, sleeps when idle and refuses its neighbour", async () => {
    const declaration = declare((await loadFleet(fleet.directory)).fleet);
    await putContent(declaration);
    for (const seen of await measure(declaration)) {
      expect(seen.idleStopSeconds, `${seen.account} sleeps`).toBeDefined();
      expect(seen.neighbour.connect, `${seen.neighbour.by} connects to ${seen.account}`).not.toBe("ok");
      expect(seen.neighbour.read, `${seen.neighbour.by} reads ${seen.account}`).not.toBe("ok");
    }
  });

  test("a second up changes nothing and touches nothing on the hosts", async () => {
    const before = await fleet.fingerprint("web1");
    const result = await fleet.pulumi(["preview", "--expect-no-changes", ...pack]);
    expect(result.exitCode, result.all).toBe(0);
    expect(await fleet.up()).toMatch(/\d+ unchanged/);
    expect(await fleet.fingerprint("web1")).toBe(before);
  });

  test("a changed site changes its account alone; the neighbour's open connection survives", async () => {
    // bob's answer to this takes at least two seconds, because no server answers there.
    const slow = request(`${bob}probe?address=fd00:8000:0:9::1&port=1&path=/`);
    await fleet.edit("accounts/1-alice.yaml", "idleSeconds: 10", "idleSeconds: 25");
    await fleet.up();
    await slow;
    const { stdout } = await lab.sshRun("web1", ["cat", "/var/lib/fairhost/report.json"]);
    expect(JSON.parse(stdout)).toMatchObject({ result: "applied", changedGroups: ["account-1"] });
    expect((await request(alice)).body).toContain("alice");
  });

  test("an account that fills its disk stops at its limit, and everybody is served as before", async () => {
    // alice's plan has 100 MB: 90 for the home, 10 for the logs.
    const file = "/srv/accounts/1/home/fill";
    const fill = `setpriv --reuid=a1 --regid=a1 --clear-groups sh -c "head -c 200000000 /dev/zero >${file}"; stat -c %s ${file}`;
    const { stdout } = await lab.sshRun("web1", ["sh", "-c", fill]);
    expect(Number(stdout)).toBeGreaterThan(80_000_000);
    expect(Number(stdout)).toBeLessThanOrEqual(90_001_000);
    for (const [url, name] of [
      [alice, "alice"],
      [bob, "bob"],
    ] as const)
      expect((await request(url)).body).toContain(name);
    await fleet.edit("accounts/1-alice.yaml", "idleSeconds: 25", "idleSeconds: 26");
    expect(await fleet.up()).toContain("applied");
    await lab.sshRun("web1", ["rm", file]);
  });

  // Here alone the kernel counts an account's memory: a container has no memory controller.
  test("a program that uses up its account's memory is ended, the account's log says so, the neighbour is served", async () => {
    const app = "/srv/accounts/2/home/app.py";
    const greedy = "held = []\\nwhile True:\\n    held.append(bytearray(1 << 20))\\n";
    await lab.sshRun("web1", `cp -p ${app} ${app}.kept && printf '${greedy}' >${app}`);
    try {
      await lab.sshRun("web1", ["systemctl", "stop", "account-2-http-app.service"]);
      // Its visitor does not wait: the program is started and killed all the same.
      const answer = request(bob, 10).then(({ body }) => body, String);
      expect((await request(alice)).body).toContain("alice");
      expect(await answer).not.toContain("Hello from bob");
      const log = ["tail", "-n", "20", "/srv/accounts/2/admin/logs/http-app.log"];
      await expect
        .poll(async () => (await lab.sshRun("web1", log)).stdout, { timeout: 90_000, interval: 1_000 })
        .toMatch(/ fairhost: the program was killed, because the account had used all its memory, before it listened/m);
    } finally {
      await lab.sshRun("web1", ["mv", `${app}.kept`, app]);
    }
    await expect
      .poll(() => request(bob, 120).then(({ body }) => body, String), { timeout: 120_000, interval: 1_000 })
      .toContain("Hello from bob");
  });

  test("serving survives a cut link", async () => {
    await lab.cutLink("web1", 0);
    expect((await request(alice)).body).toContain("alice");
    await lab.restoreLink("web1", 0);
  });

  test("the gate after a deploy: the host serves, the account asked for wakes", async () => {
    const { stdout } = await lab.sshRun("web1", ["fairhost-host", "health", "--json", "1"]);
    const health = JSON.parse(stdout) as Health;
    expect(health).toMatchObject({ healthy: true, problems: [], woken: [{ account: 1, status: 200 }] });
  });

  test("drift is found by one command, told by host, and repaired once by an up that asks for it", async () => {
    await expect
      .poll(() => fleet.drift(), { timeout: 120_000, interval: 5_000 })
      .toEqual({ hosts: { web1: [], web2: [] }, exitCode: 0 });
    const before = await fleet.fingerprint("web2");
    await lab.sshRun(
      "web1",
      `sysctl --quiet kernel.kptr_restrict=0 &&
      mdadm --quiet /dev/md1 --fail /dev/vdb2 && mdadm --quiet /dev/md1 --remove /dev/vdb2 &&
      echo '# x' >>/var/lib/fairhost/current/proc/1.meminfo &&
      ip -6 route del local fd00:8000:0:1::/64 dev lo table local && nft flush ruleset &&
      setquota -P 1 0 0 0 0 /srv/accounts`,
    );
    await lab.cutLink("web1", 1);
    const byHand = ["link-down eth1", "mirror-degraded data", "mirror-disk data"];
    expect(await fleet.drift()).toEqual({
      hosts: {
        web1: [
          "firewall-changed inet fairhost",
          "firewall-changed inet fairhost_bans",
          "link-down eth1",
          "sysctl-changed kernel.kptr_restrict",
          ...byHand.slice(1),
          "file-changed proc/1.meminfo",
          "quota-changed /srv/accounts/1",
          "route-missing fd00:8000:0:1::/64",
        ],
        web2: [],
      },
      exitCode: 7,
    });
    expect(await fleet.up()).toMatch(/\d+ unchanged/);
    const repair = await fleet.pulumi(["up", "--yes", "--skip-preview"], { FAIRHOST_REPAIR: "web1" });
    expect(repair.exitCode, repair.all).toBe(0);
    expect(await fleet.drift()).toEqual({ hosts: { web1: byHand, web2: [] }, exitCode: 7 });
    expect((await request(alice)).body).toContain("alice");
    expect(await fleet.up()).toMatch(/\d+ unchanged/);
    expect(await fleet.fingerprint("web2")).toBe(before);

    await lab.restoreLink("web1", 1);
    await lab.sshRun("web1", "mdadm --quiet /dev/md1 --add /dev/vdb2");
    await expect.poll(() => fleet.drift(), { timeout: 300_000, interval: 10_000 }).toMatchObject({ exitCode: 0 });
  });

  test("under guard both switches of a pair are blocked before any host is connected to", async () => {
    const logins = async () =>
      Number(
        (await lab.sshRun("web1", "journalctl --quiet --unit=ssh --grep='^Accepted publickey' --output=cat | wc -l"))
          .stdout,
      );
    const sound = await readFile(join(fleet.directory, "network.yaml"));
    await fleet.edit("network.yaml", "model: 7050SX3-48YC8", "model: 7050SX3-96YC8");
    await fleet.edit("network.yaml", "model: QFX5120-48Y", "model: QFX5120-48T");
    const before = await logins();
    const { exitCode, all } = await fleet.guard("deploy", "--yes");
    await writeFile(join(fleet.directory, "network.yaml"), sound);
    expect(exitCode, all).toBe(4);
    expect(all.replace(/\s+/g, " ")).toContain("Both switches of a pair change at once: switch-a and switch-b.");
    // The one login comes from the first count.
    expect(await logins()).toBe(before + 1);
  });

  test("under guard a change of both hosts goes in two waves, each host seen to serve before the next", async () => {
    await writeFile(join(fleet.directory, "limits.yaml"), "accounts: 2\n");
    await fleet.changeAll(21);
    const begin = performance.now();
    const { exitCode, all } = await fleet.guard("deploy", "--yes");
    twoWaves = performance.now() - begin;
    expect(exitCode, all).toBe(0);
    expect(all).toContain("Wave 2 of 2, web2.");
    expect((await fleet.records()).at(-1)).toMatchObject({
      result: "succeeded",
      level: "safe",
      waves: [
        { hosts: ["web1"], result: "succeeded", problems: [] },
        { hosts: ["web2"], result: "succeeded", problems: [] },
      ],
    });
    expect((await request(alice)).body).toContain("alice");
    expect((await fleet.guard("deploy", "--yes")).all).toContain(
      "Nothing to do: the stack already has everything that is declared.",
    );
  });

  // Two minutes and a half a moment under emulation: the gate kills on simulated hosts alone, `FAIRHOST_KILLS=10` here too.
  const kills = Number(process.env.FAIRHOST_KILLS ?? 0);

  const killed = `an engine killed at ${kills} moments of two waves, every other time with its guard: accounts go on serving, one command recovers everything`;
  const surviveKills = async () => {
    for (let round = 0; round < kills; round++) {
      await fleet.changeAll(40 + round);
      const running = fleet.guard("deploy", "--yes");
      await sleep((twoWaves * (round + 0.5)) / kills);
      const { id } = (await fleet.records()).at(-1)!;
      if (round % 2 === 0) running.kill("SIGKILL");
      for (const { pid, name } of await processesOf(id)) if (name === "pulumi") process.kill(pid, "SIGKILL");
      const said = (await running).all;
      expect((await request(alice)).body, said).toContain("alice");
      const { exitCode, all } = await fleet.guard("deploy", "--yes", "--wait", "60");
      expect(exitCode, `round ${round}: ${said}\n${all}`).toBe(0);
      for (const [host, unit] of [
        ["web1", "account-2-http-app"],
        ["web2", "account-3-http-site"],
      ] as const) {
        const { stdout } = await lab.sshRun(host, ["systemctl", "cat", `${unit}.service`]);
        expect(stdout, `round ${round}: ${all}`).toMatch(new RegExp(`(IDLE_SECONDS=|/run )${40 + round}\\b`));
        const status = await lab.sshRun(host, ["fairhost-host", "status", "--json"]);
        expect(JSON.parse(status.stdout)).toMatchObject({ drift: [] });
      }
      for (const url of [alice, bob]) expect((await request(url)).body).not.toBe("");
    }
    const all = await fleet.records();
    expect(all.filter(({ result }) => result === "running")).toEqual([]);
    const cut = all.filter(({ result }) => result === "interrupted" || result === "failed");
    expect(cut.length).toBeGreaterThanOrEqual(Math.ceil(kills / 2));
  };
  if (kills > 0) test(killed, { timeout: kills * 300_000 }, surviveKills);

  test("a fleet that breaks a rule is refused by a plain up, and by one that skips the preview", async () => {
    const before = await fleet.fingerprint("web1");
    const sound = await readFile(join(fleet.directory, "hosts/web1.yaml"));
    await fleet.edit("hosts/web1.yaml", "chain: b", "chain: a");
    for (const args of [["preview"], ["up", "--yes"], ["up", "--yes", "--skip-preview"]]) {
      const result = await fleet.pulumi(args);
      expect(result.exitCode).not.toBe(0);
      expect(result.all).toContain("The fleet breaks mandatory rules; nothing was touched.");
      expect(result.all).toMatch(/hosts\/web1\.yaml:\d+/);
    }
    await writeFile(join(fleet.directory, "hosts/web1.yaml"), sound);
    expect(await fleet.fingerprint("web1")).toBe(before);
  });

  test("a host that lost power in the middle of an apply comes back whole", async () => {
    await fleet.edit("accounts/1-alice.yaml", /idleSeconds: \d+/, "idleSeconds: 30");
    const running = fleet.pulumi(["up", "--yes", "--skip-preview"]);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await lab.powerCut("web1");
    // The engine learns of it when the host is back and knows nothing of the connection, or after a minute of silence.
    const [{ exitCode }] = await Promise.all([running, lab.powerOn("web1")]);
    expect(exitCode).not.toBe(0);
    await fleet.up();
    await announced("fd00:8000:0:1::/64");
    expect((await request(alice)).body).toContain("alice");
    const { stdout } = await lab.sshRun("web1", ["fairhost-host", "status", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ drift: [] });
  });

  test("destroy retires the accounts and keeps their data", async () => {
    const result = await fleet.pulumi(["destroy", "--yes"]);
    expect(result.exitCode, result.all).toBe(0);
    await expect(request(alice, 5)).rejects.toThrow();
    await lab.sshRun("web1", ["test", "-e", "/srv/accounts/1/home/www/index.html"]);
  });
});
