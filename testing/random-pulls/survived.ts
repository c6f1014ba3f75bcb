import { once } from "../../lib/once.ts";
import type { Files } from "./edits.ts";

// biome-ignore lint/suspicious/noExplicitAny: files as they are written
type Item = any;
type Gone = (name: string) => boolean;

/** The failures that each account survives, each element of a kind alone, by trying all of them on plain data. */
export const survived = once((files: Files): ReadonlyMap<number, ReadonlySet<string>> => {
  const of = (folder: string): Item[] =>
    [...files].flatMap(([file, content]) => (file.startsWith(`${folder}/`) ? [content] : []));
  const { routers, switches, operators } = files.get("network.yaml") as Item;
  const [hosts, accounts, sites] = [of("hosts"), of("accounts"), of("sites")];
  const hallOf = (at: Item): Item =>
    sites.find(({ name }) => name === at.site).halls.find((hall: Item) => hall.name === at.hall);

  const powered = (at: Item, gone: Gone) =>
    !["site", "hall", "rack"].some((part, index) =>
      gone(`${part} ${[at.site, at.hall, at.rack].slice(0, index + 1).join(" ")}`),
    ) &&
    at.powerSupplies.some(({ name, chain }: Item) => {
      const { feed } = hallOf(at).chains.find((each: Item) => each.name === chain);
      const chained = gone(`chain ${at.site} ${at.hall} ${chain}`) || gone(`chain ${at.site} ${feed}`);
      return !chained && !gone(`supply ${at.name} ${name}`);
    });

  const online = (gone: Gone): Set<string> => {
    const up: Item[] = routers.filter((router: Item) => !gone(`router ${router.name}`) && powered(router, gone));
    const reached = new Set<string>(
      operators
        .flatMap((each: Item) => (gone(`operator ${each.name}`) ? [] : each.routers))
        .filter((name: string) => up.some((each) => each.name === name)),
    );
    // At most as many rounds as there are routers in a row.
    for (const _ of up) {
      for (const one of up) {
        for (const other of up) {
          const links = [
            ...(one.links ?? []).filter((name: string) => name === other.name),
            ...(other.links ?? []).filter((name: string) => name === one.name),
          ];
          const cut = gone(`link ${[one.name, other.name].sort().join(" ")}`);
          if (links.length > 0 && !cut && reached.has(other.name)) reached.add(one.name);
        }
      }
    }
    return reached;
  };

  const works = (host: Item, gone: Gone, reached: ReadonlySet<string>) =>
    !gone(`host ${host.name}`) &&
    powered(host, gone) &&
    host.mirrors.every(({ disks }: Item) => disks.some((slot: string) => !gone(`disk ${host.name} ${slot}`))) &&
    host.links.some(({ port, switch: name }: Item) => {
      const device = switches.find((each: Item) => each.name === name);
      if (gone(`link ${host.name} ${port}`) || gone(`switch ${name}`) || !powered(device, gone)) return false;
      return device.uplinks.some((up: Item) => !gone(`link ${name} ${up.port}`) && reached.has(up.router));
    });

  const cuts = new Set<string>();
  for (const { name: site, halls } of sites) {
    cuts.add(`site ${site}`);
    for (const { name: hall, racks, chains } of halls) {
      cuts.add(`hall ${site} ${hall}`);
      for (const rack of racks) cuts.add(`rack ${site} ${hall} ${rack.name}`);
      for (const { name, feed } of chains) cuts.add(`chain ${site} ${hall} ${name}`).add(`chain ${site} ${feed}`);
    }
  }
  for (const { name } of operators) cuts.add(`operator ${name}`);
  for (const { name, links = [] } of routers) {
    cuts.add(`router ${name}`);
    for (const other of links) cuts.add(`link ${[name, other].sort().join(" ")}`);
  }
  for (const { name, uplinks } of switches) {
    cuts.add(`switch ${name}`);
    for (const { port } of uplinks) cuts.add(`link ${name} ${port}`);
  }
  for (const each of [...routers, ...switches, ...hosts])
    for (const { name } of each.powerSupplies) cuts.add(`supply ${each.name} ${name}`);
  for (const { name, disks, links } of hosts) {
    cuts.add(`host ${name}`);
    for (const { slot } of disks) cuts.add(`disk ${name} ${slot}`);
    for (const { port } of links) cuts.add(`link ${name} ${port}`);
  }

  const kinds = [...new Set([...cuts].map((cut) => cut.split(" ")[0]!))];
  const result = new Map<number, Set<string>>(accounts.map(({ number }) => [number, new Set(kinds)]));
  for (const cut of ["", ...cuts]) {
    const gone: Gone = (name) => name === cut;
    const reached = online(gone);
    const up = new Set(hosts.filter((host) => works(host, gone, reached)).map(({ name }) => name));
    for (const { number, host, standby } of accounts) {
      if (up.has(host) || up.has(standby)) continue;
      if (cut === "") result.get(number)!.clear();
      else result.get(number)!.delete(cut.split(" ")[0]!);
    }
  }
  return result;
});
