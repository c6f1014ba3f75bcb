import type { Files, Pick } from "./edits.ts";

/** Elements that come, or are called otherwise, with all that names them; and hosts that another cell's stack holds. */

type Edit = (files: Files, pick: Pick) => void;
// biome-ignore lint/suspicious/noExplicitAny: one item of a file
type Item = any;

const one = <T>(list: readonly T[], pick: Pick): T => list[pick(list.length)]!;
const network = (files: Files): Item => files.get("network.yaml");
const inFolder = (files: Files, folder: string): [string, Item][] =>
  [...files].filter(([file]) => file.startsWith(`${folder}/`)).sort();
const some = (files: Files, folder: string, pick: Pick): [string, Item] => one(inFolder(files, folder), pick);

/** Puts a file's content into one of another name. */
function renameFile(files: Files, file: string, name: string): void {
  const content = files.get(file);
  files.delete(file);
  files.set(file.replace(/[^/]*$/, `${name}.yaml`), { ...content, name });
}

export const harmlessForShape: Readonly<Record<string, Edit>> = {
  "a host added": (files, pick) => {
    const [, like] = some(files, "hosts", pick);
    const at = 1000 + pick(8000);
    const own = (address: string) => address.replace(/[0-9a-f]*$/, `${at}`);
    const { address4: _, waivers: __, ...host } = structuredClone(like);
    const name = `${like.name.replace(/\d+$/, "")}${at}`;
    files.set(`hosts/${name}.yaml`, {
      ...host,
      name,
      serial: `NEW-${at}`,
      address: own(host.address),
      managementAddress: own(host.managementAddress),
      ssh: { address: own(host.address) },
      asNumber: 4_200_010_000 + at,
      disks: host.disks.map((disk: Item) => ({ ...disk, serial: `NEW-${at}-${disk.slot}` })),
      links: host.links.map((link: Item, index: number) => ({ ...link, switchPort: `Ethernet${at + index}` })),
    });
  },
  "a plan added": (files, pick) => {
    const [, like] = some(files, "plans", pick);
    const name = `plan-${pick(1e6)}`;
    files.set(`plans/${name}.yaml`, { ...structuredClone(like), name });
  },
  "a plan renamed": (files, pick) => {
    const [file, { name }] = some(files, "plans", pick);
    const next = `${name}-${pick(1e6)}`;
    for (const [, account] of inFolder(files, "accounts")) if (account.plan === name) account.plan = next;
    renameFile(files, file, next);
  },
  "a link of a host at another port of its switch": (files, pick) => {
    const [, { links }] = some(files, "hosts", pick);
    one<Item>(links, pick).switchPort = `Ethernet${100 + pick(900)}`;
  },
};

export const harmfulForShape: Readonly<Record<string, Edit>> = {
  "a host carried to another cell": (files, pick) => {
    const [, host] = some(files, "hosts", pick);
    host.cell = one(["second", "third"], pick);
  },
  "a host in place of another": (files, pick) => {
    const [[file, host], [other]] = [some(files, "hosts", pick), some(files, "hosts", pick)];
    if (file === other) return;
    files.delete(other);
    for (const [, account] of inFolder(files, "accounts"))
      for (const key of ["host", "standby"]) if (`hosts/${account[key]}.yaml` === other) account[key] = host.name;
  },
};

export const renames: Readonly<Record<string, Edit>> = {
  "an operator renamed": (files, pick) => {
    one<Item>(network(files).operators, pick).name = `transit-r${pick(1e6)}`;
  },
  "a switch renamed": (files, pick) => {
    const device = one<Item>(network(files).switches, pick);
    const next = `${device.name}-${pick(1e6)}`;
    for (const other of network(files).switches) if (other.pair === device.name) other.pair = next;
    for (const [, { links }] of inFolder(files, "hosts"))
      for (const link of links) if (link.switch === device.name) link.switch = next;
    device.name = next;
  },
  "a router renamed": (files, pick) => {
    const device = one<Item>(network(files).routers, pick);
    const next = `${device.name}-${pick(1e6)}`;
    const renamed = (name: string) => (name === device.name ? next : name);
    for (const each of [...network(files).routers, ...network(files).operators]) {
      for (const list of ["links", "routers"]) if (each[list]) each[list] = each[list].map(renamed);
      if (each.pair) each.pair = renamed(each.pair);
      for (const session of each.sessions ?? []) session.router = renamed(session.router);
    }
    for (const { uplinks } of network(files).switches) for (const up of uplinks) up.router = renamed(up.router);
    device.name = next;
  },
  "a site renamed": (files, pick) => {
    const [file, { name }] = some(files, "sites", pick);
    const next = `${name}x`;
    for (const [, site] of inFolder(files, "sites")) if (site.backupSite === name) site.backupSite = next;
    for (const at of [
      ...network(files).routers,
      ...network(files).switches,
      ...inFolder(files, "hosts").map(([, host]) => host),
    ])
      if (at.site === name) at.site = next;
    renameFile(files, file, next);
  },
};
