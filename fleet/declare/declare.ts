import { Address6 } from "ip-address";
import type {
  AccountAddressInputs,
  AccountContainerInputs,
  BareMetalHostInputs,
  Declaration,
  HttpServerInputs,
} from "../../components/declaration.ts";
import { canonical } from "../../components/schema.ts";
import { byKey, found, sortBy } from "../../lib/lists.ts";
import type { Account, Fleet, Host, HttpServerEntry, Network, Plan, Site } from "../schemas/index.ts";
import { declareRegister, type Held } from "./held.ts";
import { declareDevices, declareRanges, declareSite, feedsOf, type WaiversOf, waiversOf } from "./places.ts";

/**
 * Uid and gid of account number 0; no account has it. Accounts take 200001 to 265535. Clear of what Debian 13 gives out:
 * - people and packages, 0 to 65534 (Debian Policy 9.2.2), with systemd's dynamic users at 61184 to 65519;
 * - systemd's containers and foreign images, 524288 to 1879048191 and 2147352576 to 2147418111 (systemd, UIDS-GIDS.md);
 * - subordinate uids of newuidmap, 100000 to 600100000 (login.defs: SUB_UID_MIN, SUB_UID_MAX, 65536 for each useradd): these
 *   overlap, so a host's bootstrap sets SUB_UID_COUNT and SUB_GID_COUNT to 0 and leaves /etc/subuid and /etc/subgid empty.
 */
export const uidBase = 200_000;

/** Port of an HTTP server with number 0; none has it. Servers take 8001 to 8999 on their account's address. */
export const httpPortBase = 8000;

/** Ports every account's address answers the outside on, at the front end. */
const frontEndPorts = [80] as const;

/** What follows from an account's number and its site alone. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Login name on the host: `a<number>`. */
  readonly user: string;
  /** `account-<number>.slice` */
  readonly slice: string;
  /** `/srv/accounts/<number>` */
  readonly directory: string;
  /** The account's /64: the number is the fourth group of 16 bits after the site's /48. Canonical (RFC 5952). */
  readonly prefix: string;
  /** `<prefix>::1`, canonical. */
  readonly address: string;
}

/**
 * Identity of an account: a pure function, so nothing is stored and nothing can move. The host is no part of it: a move to
 * another host of the site changes nothing here.
 * @throws {RangeError} if the number is not a whole number from 1 to 65535, or the site's prefix is no /48
 */
export function identity(number: number, site: Pick<Site, "prefix">): Identity {
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new RangeError(`account number ${number} is not a whole number from 1 to 65535`);
  }
  if (!site.prefix.endsWith("/48")) throw new RangeError(`the site's prefix ${site.prefix} is not a /48`);
  const subnet = new Address6(site.prefix.slice(0, -3)).bigInt() | (BigInt(number) << 64n);
  return {
    uid: uidBase + number,
    gid: uidBase + number,
    user: `a${number}`,
    slice: `account-${number}.slice`,
    directory: `/srv/accounts/${number}`,
    prefix: `${Address6.fromBigInt(subnet).correctForm()}/64`,
    address: Address6.fromBigInt(subnet | 1n).correctForm(),
  };
}

/** Port of an HTTP server on its account's address. */
export function httpPort(server: Pick<HttpServerEntry, "number">): number {
  return httpPortBase + server.number;
}

/**
 * What the program declares for a fleet: pure, in milliseconds, the same for every order of the fleet's lists.
 * @param options.cell only the hosts of this cell and what lives on them; default all
 * @param options.held what the stack has from its last run; what of it is in no list of the fleet is declared as vanished
 * @throws {RangeError} for an account that {@link loadFleet} would have refused: unknown host, site or plan, a number given
 *   twice or taken by a tombstone
 */
export function declare(
  fleet: Fleet,
  options: { readonly cell?: string; readonly held?: readonly Held[] } = {},
): Declaration {
  const hosts = sortBy(
    fleet.hosts.filter((host) => options.cell === undefined || host.cell === options.cell),
    (host) => host.name,
  );
  const hostByName = byKey(hosts, (host) => host.name);
  const planByName = byKey(fleet.plans, (plan) => plan.name);
  const siteByName = byKey(fleet.sites, (site) => site.name);
  const switchByName = byKey(fleet.network.switches, (device) => device.name);
  refuseTakenNumbers(fleet);

  const elsewhere = new Set(fleet.hosts.filter((host) => !hostByName.has(host.name)).map((host) => host.name));
  const accounts = sortBy(fleet.accounts, (account) => account.number)
    .filter((account) => !elsewhere.has(account.host))
    .map((account) => {
      const host = found(hostByName, account.host, `host of account ${account.number}`);
      const site = found(siteByName, host.site, `site of host ${host.name}`);
      const plan = found(planByName, account.plan, `plan of account ${account.number}`);
      return { account, site, plan, own: identity(account.number, site) };
    });
  const waivers = waiversOf(fleet);
  const httpServers = accounts.flatMap(({ account, own }) => declareServers(account, own, waivers));
  const accountsOf = Map.groupBy(accounts, ({ account }) => account.host);
  const serversOf = Map.groupBy(httpServers, (server) => server.host);

  const places = sortBy(fleet.sites, (site) => site.name);
  return {
    sites: places.map((site) => declareSite(site, waivers)),
    ...declareDevices(fleet.network, siteByName, waivers),
    registers: [declareRegister(fleet, options.held ?? [])],
    ranges: declareRanges(fleet.network, places),
    hosts: hosts.map((host) => {
      return { ...waivers("host", host.name), ...declareHost(host, fleet.network, siteByName, switchByName) };
    }),
    plans: sortBy(fleet.plans, (plan) => plan.name).map((plan) => ({ ...waivers("plan", plan.name), ...plan })),
    accounts: accounts.map(({ account, site, plan, own }) => {
      return { ...waivers("account", account.number), ...declareAccount(account, site, plan, own) };
    }),
    addresses: accounts.map(({ account, site, own }): AccountAddressInputs => {
      return { account: account.number, host: account.host, site: site.name, prefix: own.prefix, address: own.address };
    }),
    httpServers,
    frontEnds: hosts.map((host) => ({
      host: host.name,
      ports: frontEndPorts,
      ...(host.address4 !== undefined && { address4: host.address4 }),
      accounts: accountsOf.get(host.name)?.length ?? 0,
      httpServers: serversOf.get(host.name)?.length ?? 0,
    })),
  };
}

function refuseTakenNumbers({ accounts, tombstones }: Fleet): void {
  const taken = new Set(tombstones.map((tombstone) => tombstone.number));
  for (const { number, name } of accounts) {
    if (taken.has(number)) {
      throw new RangeError(`account number ${number} of ${name} is taken: give the next number never used`);
    }
    taken.add(number);
  }
}

function declareHost(
  host: Host,
  network: Network,
  sites: ReadonlyMap<string, Site>,
  switches: ReadonlyMap<string, Network["switches"][number]>,
): BareMetalHostInputs {
  return {
    name: host.name,
    cell: host.cell,
    role: host.role,
    manufacturer: host.manufacturer,
    model: host.model,
    serial: host.serial,
    managementAddress: canonical(host.managementAddress),
    site: host.site,
    hall: host.hall,
    rack: host.rack,
    release: host.release,
    address: canonical(host.address),
    asNumber: host.asNumber,
    disks: host.disks,
    mirrors: host.mirrors,
    powerSupplies: feedsOf(host, sites),
    links: host.links.map((link) => ({
      port: link.port,
      switch: link.switch,
      switchPort: link.switchPort,
      switchManufacturer: found(switches, link.switch, `switch of ${host.name}'s ${link.port}`).manufacturer,
    })),
    capacity: host.capacity,
    routers: sortBy(
      network.routers.filter((router) => router.site === host.site),
      (router) => router.name,
    ).map((router) => ({ name: router.name, address: canonical(router.address), asNumber: network.asNumber })),
  };
}

function declareAccount(account: Account, site: Site, plan: Plan, own: Identity): AccountContainerInputs {
  const retentionDays = account.retentionDays ?? plan.retentionDays;
  return {
    name: account.name,
    number: account.number,
    host: account.host,
    ...(account.standby !== undefined && { standby: account.standby }),
    ...(site.backupSite !== undefined && { backup: { site: site.backupSite, retentionDays } }),
    plan: account.plan,
    protect: account.protect,
    uid: own.uid,
    gid: own.gid,
    user: own.user,
    slice: own.slice,
    directory: own.directory,
    limits: {
      cpuWeight: plan.cpuWeight,
      ioWeight: plan.ioWeight,
      memoryMaxMb: plan.memoryMaxMb,
      tasksMax: plan.tasksMax,
      diskGb: plan.diskGb,
    },
  };
}

function declareServers(account: Account, own: Identity, waivers: WaiversOf): HttpServerInputs[] {
  return sortBy(account.httpServers, (server) => server.number).map((server) => {
    const common = {
      ...waivers("httpServer", `${account.number}/${server.name}`),
      account: account.number,
      name: server.name,
      number: server.number,
      host: account.host,
      hostnames: server.hostnames,
      idleSeconds: server.idleSeconds,
      listen: { address: own.address, port: httpPort(server) },
      unit: `account-${account.number}-http-${server.name}`,
    };
    return server.kind === "static"
      ? { ...common, kind: server.kind, root: server.root }
      : {
          ...common,
          kind: server.kind,
          command: server.command,
          directory: server.directory,
          socketActivation: server.socketActivation,
          environment: server.environment,
        };
  });
}
