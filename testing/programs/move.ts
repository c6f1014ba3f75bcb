import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type MasterOf, prepare, type Reach, settleAll } from "../../guard/deploy/hosts/moves.ts";

/**
 * Moves account 1 (of a lost host 1 and 2) between two containers, as a deploy does, and says on standard output where it is, and each command before it runs on a host: PIDS OF PID 1
 * (old, young) FILES WITH THE DELIVERIES (old, young). A test kills it. With FAIRHOST_LOST the account comes from a lost host of that name, whose master secret
 * is in base64 in FAIRHOST_MASTER; the first of both is then the backup host.
 */
const [firstPid, youngPid, ...deliveries] = process.argv.slice(2);
const { FAIRHOST_LOST: lost, FAIRHOST_MASTER: master = "" } = process.env;
const first = lost === undefined ? "old" : "backup";
const pids: Readonly<Record<string, string | undefined>> = { [first]: firstPid, young: youngPid };
const moves = (lost === undefined ? [1] : [1, 2]).map((account) => ({
  ...{ account, from: lost ?? first, to: "young" },
  ...(lost !== undefined && { lost: true as const }),
}));
const masterOf: MasterOf = async () => ({ epoch: 1, master });

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

await settleAll(reach, moves, say, masterOf);
await prepare(reach, moves, say);
await Promise.all(Object.keys(pids).map((host, index) => apply(host, deliveries[index]!)));
const { problems } = await settleAll(reach, moves, say, masterOf, true);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
