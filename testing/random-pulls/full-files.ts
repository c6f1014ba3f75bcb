import type { FileKind } from "../../components/registry/file.ts";
import { type Fleet, fileKinds } from "../../components/registry/files.generated.ts";
import { fullFleet } from "../fixtures/full-fleet.ts";
import type { Files } from "./edits.ts";

/** The files of a fleet that says all that files can say, for edits of any field. Keys of hosts aside, which are no YAML. */
export function fullFiles(fleet: Fleet): Files {
  const full = fullFleet(fleet);
  // Sound as a whole, so that an edit of one field is judged by itself.
  const routers = full.network.routers.map(({ ports, ssh: _, ...router }) => {
    const others = ["par2-router-1", "bak1-router-1"].map((name, at) => ({ port: `xe-0/0/${3 + at}`, router: name }));
    return { ...router, ...(ports && { ports: [...ports, ...others, { port: "xe-0/0/9", switch: "par1-switch-b" }] }) };
  });
  // Not what the host with its own has, so that it matters whether a host says it.
  const upgrades = { ...full.network.upgrades, reboot: true, asOf: "2026-11-19" };
  const sound = { ...full, network: { ...full.network, routers, upgrades } };
  const files = Object.entries<FileKind>(fileKinds).flatMap(([key, { path }]): [string, unknown][] => {
    const content: unknown = Reflect.get(sound, key);
    if (key === "knownHosts") return [];
    if (!path.endsWith("/")) return [[path, content]];
    return (content as readonly { readonly name: string; readonly number?: number }[]).map((each) => [
      `${path}${each.number === undefined ? "" : `${each.number}-`}${each.name}.yaml`,
      each,
    ]);
  });
  return structuredClone(new Map(files)) as Files;
}
