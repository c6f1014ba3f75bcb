import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { endProcess, identify, isAlive } from "./processes.ts";

function sleeper(script = "exec sleep 60") {
  const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  return { child, pid: child.pid as number, ended: new Promise((resolve) => child.once("exit", resolve)) };
}

describe("processes by id", () => {
  it("ends exactly the one meant", async () => {
    const { pid, ended } = sleeper();
    const id = await identify(pid);
    expect(await isAlive(id!)).toBe(true);
    await endProcess(id!);
    await ended;
    expect(await isAlive(id!)).toBe(false);
    await endProcess(id!);
  });

  it("leaves a process alone that was given a dead one's id", async () => {
    const { child, pid, ended } = sleeper();
    const id = await identify(pid);
    const dead = { pid, started: `${Number(id!.started) - 1}` };
    expect(await isAlive(dead)).toBe(false);
    await endProcess(dead, 100);
    expect(await isAlive(id!)).toBe(true);
    child.kill("SIGKILL");
    await ended;
  });

  it("uses force only after the time given", async () => {
    const { child, pid, ended } = sleeper("trap '' TERM; echo deaf; while :; do sleep 0.1; done");
    await once(child.stdout, "data");
    const id = await identify(pid);
    const begin = performance.now();
    await endProcess(id!, 300);
    expect(performance.now() - begin).toBeGreaterThan(290);
    await ended;
  });

  it("treats a zombie as ended", async () => {
    // The program that replaces the shell never collects the shell's child.
    const { child, pid: parent, ended } = sleeper("sleep 60 & echo $!; exec sleep 61");
    const [printed] = (await once(child.stdout, "data")) as [Buffer];
    const pid = Number(printed.toString());
    await expect.poll(() => readFile(`/proc/${parent}/comm`, "utf8"), { timeout: 10_000 }).toBe("sleep\n");
    process.kill(pid, "SIGKILL");
    await expect.poll(() => readFile(`/proc/${pid}/stat`, "utf8"), { timeout: 10_000 }).toContain(" Z ");
    expect(await identify(pid)).toBeUndefined();
    child.kill("SIGKILL");
    await ended;
  });

  it("treats a process as running while one of its threads does, although its first one has ended", async () => {
    const program = `import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print("on", flush=True)
ctypes.CDLL(None).pthread_exit(None)`;
    const { child, pid, ended } = sleeper(`exec python3 -c '${program}'`);
    await once(child.stdout, "data");
    await expect.poll(() => readFile(`/proc/${pid}/stat`, "utf8"), { timeout: 10_000 }).toContain(" Z ");
    const id = await identify(pid);
    expect(id).toBeDefined();
    await endProcess(id!);
    await ended;
    expect(await isAlive(id!)).toBe(false);
  });

  it("identifies itself, and nothing for an impossible id", async () => {
    expect(await identify(process.pid)).toMatchObject({ pid: process.pid, started: expect.stringMatching(/^\d+$/) });
    expect(await identify(2 ** 22 + 1)).toBeUndefined();
  });
});
