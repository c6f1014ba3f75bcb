import { existsSync, readdirSync, readFileSync } from "node:fs";
import { sysctl } from "../../components/host/sysctl.host.ts";
import { folderOf } from "../../components/registry/bundle/bundle-folder.ts";
import { type Bundle, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference } from "../../delivery/protocol/inspection.ts";
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

/**
 * Kernel parameters of the bundle that have another value now. Parameters unknown to this kernel are skipped. One with `*` stands for all
 * that it fits, but for those that have a line of their own (sysctl.d(5)).
 */
export async function lookAtKernelParameters(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  if (inContainer(machine)) return [];
  const files = [...filesOf(bundle).values()].filter(({ path }) => folderOf(path, [sysctl]));
  const lines = files.flatMap(({ content }) =>
    (content ?? "").split("\n").flatMap((line) => {
      const [, key, wanted] = /^\s*-?([a-z][\w./*-]*)\s*(?:=\s*(.*?)\s*)?$/.exec(line) ?? [];
      return key === undefined ? [] : [{ path: key.replaceAll(".", "/"), wanted }];
    }),
  );
  const own = new Set(lines.map(({ path }) => path));
  const root = machine.layout.at("/proc/sys");
  return lines.flatMap(({ path, wanted }) =>
    wanted === undefined
      ? []
      : fitting(root, path)
          .filter((each) => each === path || !own.has(each))
          .flatMap((each): Difference[] => {
            const value = readFileSync(`${root}/${each}`, "utf8").trim().replaceAll(/\s+/g, " ");
            if (value === wanted) return [];
            // A name of a link may have dots.
            const key = each.includes(".") ? each : each.replaceAll("/", ".");
            const message = `${key} is ${value}, but should be ${wanted}`;
            return [{ group: "host", kind: "sysctl-changed", what: key, message, repaired: byDeploy }];
          }),
  );
}

/** Files below a directory that a pattern with `*` for whole names fits, sorted. */
function fitting(root: string, pattern: string): string[] {
  return pattern
    .split("/")
    .reduce<string[]>(
      (found, name) =>
        found.flatMap((each) => (name === "*" ? namesIn(`${root}${each}`) : [name]).map((own) => `${each}/${own}`)),
      [""],
    )
    .filter((each) => existsSync(`${root}${each}`))
    .map((each) => each.slice(1));
}

const namesIn = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory).sort() : []);
