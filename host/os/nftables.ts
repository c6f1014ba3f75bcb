import { createHash } from "node:crypto";
import { createConnection } from "node:net";
import { folderOf } from "../../components/bundle-folder.ts";
import { nftables } from "../../components/network/nftables.host.ts";
import { type Bundle, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { filesOf } from "../store/generations.ts";
import type { Machine } from "./machine.ts";

/** Seconds after which the old rules come back unless the new ones were confirmed. */
const deadManSeconds = 30;
const deadMan = "fairhost-firewall-dead-man";

/**
 * A hash of our tables as the kernel has them, without what changes by itself (counters, handles, elements of dynamic
 * sets): after a flush or an edit by hand it is another one. `undefined` when the bundle has no firewall.
 */
export async function firewallHash({ run }: Machine, bundle: Bundle): Promise<string | undefined> {
  const tables = ourTables(bundle);
  if (tables.length === 0) return undefined;
  const hash = createHash("sha256");
  for (const { family, name } of tables) {
    const { status, stdout } = await run("nft", ["-j", "list", "table", family, name]);
    hash.update(status === 0 ? JSON.stringify(JSON.parse(stdout), steady) : `no table ${name}`);
  }
  return hash.digest("hex");
}

/** Tables that the bundle's rules make. */
export function ourTables(bundle: Bundle): { family: string; name: string }[] {
  const files = [...filesOf(bundle).values()].filter(({ path }) => folderOf(path, [nftables]));
  return files
    .flatMap(({ content }) => [...(content ?? "").matchAll(/^\s*table\s+(\w+)\s+([\w-]+)\s*\{/gm)])
    .map(([, family, name]) => ({ family: family!, name: name! }));
}

function steady(key: string, value: unknown): unknown {
  if (["handle", "packets", "bytes", "used", "metainfo"].includes(key)) return undefined;
  const set = value as { flags?: unknown; elem?: unknown } | null;
  const isDynamic = [set?.flags].flat().some((flag) => flag === "dynamic" || flag === "timeout");
  return isDynamic ? { ...set, elem: undefined } : value;
}

/**
 * Loads the rules of the generation in force in one step. Before, a timer is set that puts the old rules back; it is
 * taken away only when SSH has been seen to answer under the new ones.
 * @returns what went wrong; then the old rules are back.
 */
export async function loadFirewall(machine: Machine): Promise<string | undefined> {
  const { disk, layout, run } = machine;
  const before = await run("nft", ["list", "ruleset"]);
  if (before.status !== 0) return `nft list ruleset: ${before.stderr.trim()}`;
  const rescue = `${layout.jobs}/firewall-before.nft`;
  disk.makeDirectory(layout.jobs, 0o700);
  disk.replace(rescue, `flush ruleset\n${before.stdout}`, 0o600);
  const answered = await sshAnswers();
  await disarm(machine);
  const timer = ["--on-active", `${deadManSeconds}s`, "--timer-property", "AccuracySec=1s"];
  const armed = await run("systemd-run", ["--quiet", "--collect", "--unit", deadMan, ...timer, "nft", "-f", rescue]);
  if (armed.status !== 0) return `the dead-man timer could not be set: ${armed.stderr.trim()}`;
  const loaded = await run("nft", ["-f", `${currentGeneration}/${nftables.entry.file}`]);
  const wrong = loaded.status !== 0 ? `nft: ${loaded.stderr.trim()}` : await shutOut(answered);
  if (wrong !== undefined) await run("nft", ["-f", rescue]);
  await disarm(machine);
  return wrong;
}

async function disarm({ run }: Machine): Promise<void> {
  await run("systemctl", ["stop", `${deadMan}.timer`]);
}

async function shutOut(answeredBefore: boolean): Promise<string | undefined> {
  if (!answeredBefore || (await sshAnswers())) return undefined;
  return "the new rules shut SSH out: the old ones are back";
}

/** True when the SSH server greets on the port by which the controller came (22 otherwise). */
export function sshAnswers(): Promise<boolean> {
  const port = Number(process.env.SSH_CONNECTION?.split(" ")[3] ?? 22);
  return new Promise((resolve) => {
    const socket = createConnection({ host: "localhost", port, timeout: 3000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", (data) => end(data.toString("latin1").startsWith("SSH-")));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
