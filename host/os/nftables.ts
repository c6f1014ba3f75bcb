import { createHash } from "node:crypto";
import { createConnection } from "node:net";
import { nftables } from "../../components/network/nftables.host.ts";
import { folderOf } from "../../components/registry/bundle-folder.ts";
import { type Bundle, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { filesOf } from "../store/generations.ts";
import type { Machine } from "./machine.ts";

/** Seconds after which the old rules are restored unless the new ones were confirmed. */
const deadManSeconds = 30;
const deadMan = "fairhost-firewall-dead-man";

/**
 * A hash of the bundle's tables in the kernel, without parts that change by themselves (counters, handles, elements of dynamic sets). It
 * differs after a flush or an edit by hand. `undefined` if the bundle has no firewall.
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

/** Tables that the bundle's rules create. */
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
 * Loads the rules of the generation in force in one step. Before that, a timer is set that restores the old rules; it is removed only
 * after SSH has answered with the new rules.
 * @returns the error, if any; then the old rules are restored.
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
  if (armed.status !== 0) return `cannot set the dead-man timer: ${armed.stderr.trim()}`;
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
  return "the new rules block SSH; the old rules are restored";
}

/** Whether the SSH server answers on the port that the controller used (otherwise 22). */
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
