import type { Files, Pick } from "./edits.ts";

/** What hosts and routers do for all accounts: edits of it at random places. */

type Edit = (files: Files, pick: Pick) => void;
// biome-ignore lint/suspicious/noExplicitAny: one item of a file
type Item = any;

const one = <T>(list: readonly T[], pick: Pick): T => list[pick(list.length)]!;
const network = (files: Files): Item => files.get("network.yaml");
const host = (files: Files, pick: Pick): Item =>
  one([...files].filter(([file]) => file.startsWith("hosts/")).sort(), pick)[1];
const session = (router: string, at: number) => ({
  router,
  address: `2001:db8:${at}::2`,
  neighbor: `2001:db8:${at}::1`,
});

/** What the example fleet lacks of it. */
export function platformWithEverything(files: Files): void {
  const { operators } = network(files);
  operators[0].sessions = [{ ...session(operators[0].routers[0], 1), bfd: true }];
  Object.assign(network(files), { shortenAddresses: true, runtimes: ["ruby"] });
}

export const harmlessForPlatform: Readonly<Record<string, Edit>> = {
  "security upgrades, as they are by default": (files, pick) => {
    host(files, pick).upgrades = { security: true };
  },
  "an address of an operator's link in another spelling": (files) => {
    const [own] = network(files).operators[0]?.sessions ?? [];
    if (own) own.neighbor = own.neighbor.replace("2001:db8:1::", "2001:0db8:1:0::");
  },
};

export const harmfulForPlatform: Readonly<Record<string, Edit>> = {
  "a session with an operator": (files, pick) => {
    const operator = one<Item>(network(files).operators, pick);
    const [own] = operator.sessions ?? [];
    if (own === undefined) operator.sessions = [session(operator.routers[0], 10 + pick(90))];
    else if (pick(3) === 0) delete operator.sessions;
    else if (pick(2) === 0) delete own.bfd;
    else own.neighbor = `2001:db8:${10 + pick(90)}::1`;
  },
  "a new operator with a session": (files, pick) => {
    const { operators, routers } = network(files);
    const { name } = one<Item>(routers, pick);
    const at = 10 + pick(1000);
    operators.push({ name: `peer-${at}`, asNumber: 64_700 + at, routers: [name], sessions: [session(name, at)] });
  },
  "traffic that leaves an operator or a router": (files, pick) => {
    const { operators, routers } = network(files);
    one<Item>([...operators, ...routers], pick).gracefulShutdown = true;
  },
  "no security upgrades": (files, pick) => {
    if (pick(2) === 0) network(files).upgrades = { security: false };
    else host(files, pick).upgrades = { security: false };
  },
  "fewer runtimes": (files, pick) => {
    if (pick(2) === 0) network(files).runtimes = [];
    else host(files, pick).runtimes = [];
  },
  "where deploys come from": (files, pick) => {
    if (pick(3) === 0) delete network(files).controllers;
    else network(files).controllers = [`2a00:b6e0:100::${pick(9000)}`];
  },
  "visitors' addresses in full": (files) => {
    delete network(files).shortenAddresses;
  },
  "a rule of a host's firewall": (files, pick) => {
    const each = host(files, pick);
    if (each.firewall && pick(2) === 0) delete each.firewall;
    else each.firewall = [{ action: "accept", direction: "in", protocol: "tcp", ports: [8300 + pick(99)] }];
  },
};
