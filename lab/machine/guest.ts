import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { JsonSocket } from "./json-socket.ts";

/** Result of a command inside a host. */
export interface GuestResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly "out-data"?: string;
  readonly "err-data"?: string;
}

/**
 * Runs a shell script inside a host with QEMU's guest agent, over a virtual serial line: it works without network, sshd or keys.
 * The script is the shell's standard input and never appears on a command line.
 * @throws Error when the agent does not answer in time.
 */
export async function guestRun(agentSocket: string, script: string, timeoutMs = 60_000): Promise<GuestResult> {
  const end = performance.now() + timeoutMs;
  await using agent = await openAgent(agentSocket, end);
  const started = (await agent.call("guest-exec", {
    path: "/bin/sh",
    arg: ["-s"],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root"],
    "input-data": Buffer.from(script).toString("base64"),
    "capture-output": true,
  })) as { pid: number };
  for (;;) {
    const status = (await agent.call("guest-exec-status", { pid: started.pid })) as ExecStatus;
    if (status.exited) {
      const text = (data: string | undefined): string => Buffer.from(data ?? "", "base64").toString("utf8");
      return {
        stdout: text(status["out-data"]),
        stderr: text(status["err-data"]),
        exitCode: status.exitcode ?? 128 + (status.signal ?? 0),
      };
    }
    if (performance.now() > end) throw new Error(`the script did not end within ${timeoutMs} ms`);
    await sleep(50);
  }
}

/** The agent's line has no connections and may still contain old replies, so each opening is marked with its own number. */
async function openAgent(path: string, end: number): Promise<JsonSocket> {
  let last: unknown = new Error("the time limit was exceeded");
  while (performance.now() < end) {
    try {
      const agent = await JsonSocket.open(path);
      const id = randomInt(2 ** 40);
      try {
        if ((await agent.call("guest-sync", { id }, 3_000)) === id) return agent;
      } catch (error) {
        last = error;
      }
      await agent[Symbol.asyncDispose]();
    } catch (error) {
      last = error;
      // No socket, or no process behind it: the machine is off.
      if (["ENOENT", "ECONNREFUSED"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
    await sleep(100);
  }
  throw new Error(`the guest agent does not answer: ${last instanceof Error ? last.message : String(last)}`);
}
