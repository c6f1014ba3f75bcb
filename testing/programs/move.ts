import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { prepare, type Reach, settleAll } from "../../guard/deploy/moves.ts";

/**
 * Moves account 1 between two containers, as a deploy does, and says on standard output where it is, and each command before it runs on a host: PIDS OF PID 1
 * (old, young) FILES WITH THE DELIVERIES (old, young). A test kills it.
 */
const [oldPid, youngPid, ...deliveries] = process.argv.slice(2);
const pids: Readonly<Record<string, string | undefined>> = { old: oldPid, young: youngPid };
const moves = [{ account: 1, from: "old", to: "young" }];

const say = (text: string) => void process.stdout.write(text);
const reach: Reach = (host, words) => {
  say(`${host}: ${words.join(" ")}\n`);
  return [
    ...(["nsenter", "-t", pids[host]!, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"] as const),
    ...["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "fairhost-host", ...words],
  ];
};

async function apply(host: string, file: string): Promise<void> {
  const [program, ...args] = reach(host, ["apply"]);
  const child = spawn(program, args, { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin?.end(readFileSync(file));
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`apply on ${host} ended with ${status}`);
}

await settleAll(reach, moves, say);
await prepare(reach, moves, say);
await Promise.all(["old", "young"].map((host, index) => apply(host, deliveries[index]!)));
const { problems } = await settleAll(reach, moves, say, true);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
