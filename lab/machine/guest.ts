import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { JsonSocket } from "./json-socket.ts";

/** What a command inside a host gave. */
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
 * Runs a shell script inside a host by QEMU's guest agent: over a virtual serial line, so it works without network, sshd or keys.
 * The script travels as the shell's input and never stands on a command line.
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

/** The agent's line has no notion of a connection: old replies may still be in it, so each opening is marked by a number of its own. */
async function openAgent(path: string, end: number): Promise<JsonSocket> {
  let last: unknown = new Error("the time was up");
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
      // No socket or nobody behind it: the machine is off.
      if (["ENOENT", "ECONNREFUSED"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
    await sleep(100);
  }
  throw new Error(`the guest agent does not answer: ${last instanceof Error ? last.message : String(last)}`);
}
