import { existsSync, readFileSync } from "node:fs";
import { sysctl } from "../../components/host/sysctl.host.ts";
import { folderOf } from "../../components/registry/bundle/bundle-folder.ts";
import { type Bundle, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference } from "../inspect/difference.ts";
import { filesOf } from "../store/generations.ts";
import { inContainer, type Machine } from "./machine.ts";
import { said } from "./systemd.ts";

/** @returns the error, if any */
export async function setKernelParameters(machine: Machine, paths: readonly string[]): Promise<string | undefined> {
  if (inContainer(machine)) {
    machine.say("sysctl: skipped: running in a container");
    return undefined;
  }
  const files = paths.map((path) => `${currentGeneration}/${path}`);
  return said(machine.run("/usr/lib/systemd/systemd-sysctl", files));
}

/** Kernel parameters of the bundle that have another value now. Parameters unknown to this kernel are skipped. */
export async function lookAtKernelParameters(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  if (inContainer(machine)) return [];
  const files = [...filesOf(bundle).values()].filter(({ path }) => folderOf(path, [sysctl]));
  return files.flatMap(({ content }) =>
    (content ?? "").split("\n").flatMap((line): Difference[] => {
      const [, key, wanted] = /^\s*-?([a-z][\w./-]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      const path = key && machine.layout.at(`/proc/sys/${key.replaceAll(".", "/")}`);
      if (!path || !existsSync(path)) return [];
      const value = readFileSync(path, "utf8").trim().replaceAll(/\s+/g, " ");
      if (value === wanted) return [];
      const message = `${key} is ${value}, but should be ${wanted}`;
      return [{ group: "host", kind: "sysctl-changed", what: key, message, repaired: byDeploy }];
    }),
  );
}
