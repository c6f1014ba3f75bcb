import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

// A lab of its own, without hosts. Read when the modules below are loaded.
process.env.FAIRHOST_LAB = "claim";
process.env.FAIRHOST_LAB_PORTS = "2500";
const { claimMachine, refuseOtherLab } = await import("./claim.ts");
const { recordedServices, startService } = await import("./machine/services.ts");
const { inNamespace, networkProcesses } = await import("./network/router.ts");
const { checkout, labDirectory, labName, runtimeDirectory } = await import("./paths.ts");
const { inTurn } = await import("../testing/lab-turn.ts");
const { endProcess, isAlive } = await import("../toolchain/system/processes.ts");

inTurn();

/** A checkout that brought a lab up. */
let other: string;
let machine: Awaited<ReturnType<typeof startService>>;

const command = (...args: string[]) =>
  execa(process.execPath, [join(import.meta.dirname, "../cli/lab.ts"), ...args], { reject: false });

/** A lab of this checkout with one process; `other` then says whose it is. */
beforeEach(async () => {
  other = await mkdtemp(join(tmpdir(), "fairhost-other-"));
  await mkdir(labDirectory, { recursive: true });
  await claimMachine(checkout);
  await execa("ip", ["netns", "add", labName]);
  machine = await startService("web1", [...inNamespace, "sleep", "600"]);
});

afterEach(async () => {
  await endProcess(machine);
  await execa("ip", ["netns", "delete", labName], { reject: false });
  for (const directory of [runtimeDirectory, labDirectory, other])
    await rm(directory, { recursive: true, force: true });
});

/** Makes the lab that of `other`. */
async function giveAway(): Promise<void> {
  await writeFile(join(runtimeDirectory, "checkout"), other);
  const record = join(runtimeDirectory, "processes", "web1.json");
  await writeFile(record, JSON.stringify({ ...machine, checkout: other }));
}

describe("the lab of another checkout", () => {
  beforeEach(giveAway);

  test("is refused at once, untouched, with the command that takes it down from here", async () => {
    const fix = `take it down if nobody needs it, from any checkout: FAIRHOST_LAB=claim npm run lab -- down --checkout ${other}`;
    for (const args of [["up"], ["down"], ["down", "--checkout", `${other}x`]]) {
      const { exitCode, stderr } = await command(...args);
      expect([exitCode, stderr], args.join(" ")).toEqual([5, expect.stringContaining(fix)]);
      expect(stderr).toContain(`the lab of another checkout is up on this machine: ${other}`);
    }
    expect(await isAlive(machine)).toBe(true);
    expect(recordedServices()).toEqual([]);
  });

  test("is taken down from here when it is named, even if its checkout is gone", async () => {
    await rm(other, { recursive: true });
    const unrecorded = await startService("unrecorded", [...inNamespace, "sleep", "600"]);
    await rm(join(runtimeDirectory, "processes", "unrecorded.json"));
    await expect.poll(networkProcesses).toContainEqual(expect.objectContaining({ pid: unrecorded.pid }));
    const { exitCode, all } = await execa(
      process.execPath,
      [join(import.meta.dirname, "../cli/lab.ts"), "down", "--checkout", other],
      { reject: false, all: true },
    );
    expect(exitCode, all).toBe(0);
    expect([await isAlive(machine), await isAlive(unrecorded)]).toEqual([false, false]);
    expect([existsSync(`/run/netns/${labName}`), existsSync(runtimeDirectory)]).toEqual([false, false]);
  });

  test("is still there while one of its processes lives, without its network", async () => {
    await execa("ip", ["netns", "delete", labName]);
    await expect(refuseOtherLab(checkout)).rejects.toThrow("the lab of another checkout is up");
    await endProcess(machine);
    await refuseOtherLab(checkout);
  });
});

describe("what a lab of another checkout has left, whose processes are all gone", () => {
  beforeEach(async () => {
    await giveAway();
    await endProcess(machine);
  });

  test("is no obstacle: the next lab does not take its network over", async () => {
    await refuseOtherLab(checkout);
    await claimMachine(checkout);
    expect(existsSync(`/run/netns/${labName}`)).toBe(false);
  });

  test("is an obstacle while anything runs in its network, recorded or not", async () => {
    const { pid } = await startService("unrecorded", [...inNamespace, "sleep", "600"]);
    await rm(join(runtimeDirectory, "processes"), { recursive: true });
    await expect.poll(networkProcesses).toContainEqual(expect.objectContaining({ pid }));
    await expect(refuseOtherLab(checkout)).rejects.toThrow("the lab of another checkout is up");
    process.kill(pid);
  });
});

test("a lab that tests use is left to them: whoever is refused is told to wait", async () => {
  await expect(refuseOtherLab(other)).rejects.toThrow(
    `the lab of another checkout is up on this machine: ${checkout}\n  fix: wait until its tests have ended (process ${process.pid}); they take it down`,
  );
});

test("one's own lab is no obstacle", () => refuseOtherLab(checkout));
