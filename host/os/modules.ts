import { existsSync, readFileSync } from "node:fs";
import { modprobe, modulesDeniedBy } from "../../components/host/modprobe.host.ts";
import { type Bundle, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference } from "../../delivery/protocol/inspection.ts";
import { filesOf } from "../store/generations.ts";
import { inContainer, type Machine } from "./machine.ts";

interface Loaded {
  readonly name: string;
  readonly used: boolean;
}

/** Modules that are in the kernel although a file denies them. Of a container the kernel is another machine's. */
function loadedOf(machine: Machine, content: string): Loaded[] {
  const listed = machine.layout.at("/proc/modules");
  if (inContainer(machine) || !existsSync(listed)) return [];
  const denied = new Set(modulesDeniedBy(content));
  return readFileSync(listed, "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([name = "", , users]) => (denied.has(name) ? [{ name, used: users !== "0" }] : []));
}

/** Takes denied modules out of the kernel. One that is in use stays: what uses it is not ours, and drift names it. */
export async function removeDeniedModules(machine: Machine): Promise<undefined> {
  const content = readFileSync(machine.layout.at(`${currentGeneration}/${modprobe.linksTo}`), "utf8");
  for (const { name } of loadedOf(machine, content)) {
    const { status, stderr } = await machine.run("modprobe", ["-r", name]);
    if (status !== 0) machine.say(`module ${name} is denied, but stays loaded: ${stderr.trim()}`);
  }
}

/** Denied modules that are loaded all the same. No deploy takes away one that is in use. */
export async function lookAtModules(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  const content = filesOf(bundle).get(modprobe.linksTo)?.content ?? "";
  return loadedOf(machine, content).map(({ name, used }) => {
    const found = { group: "host", kind: "module-loaded", what: name } as const;
    if (!used) return { ...found, message: `kernel module ${name} is loaded, but denied`, repaired: byDeploy };
    const repaired = `by hand: end what uses it, then \`modprobe -r ${name}\`` as const;
    return { ...found, message: `kernel module ${name} is in use, but denied`, repaired, note: true };
  });
}
