import { accountFixture } from "../components/account/account-container.fixture.ts";
import { defaultUidBase, type Identity, identity } from "../components/declaring.ts";
import { networkFixture } from "../components/network/network.fixture.ts";
import type {
  AccountContainerInputs,
  BareMetalHostInputs,
  DatabaseInputs,
  Declaration,
  HttpServerInputs,
  ScheduledTaskInputs,
  ServiceInputs,
  UserInputs,
} from "../components/registry/kinds.generated.ts";
import { nothingDeclared } from "../components/registry/subject.ts";
import { siteFixture } from "../components/site/site.fixture.ts";

type Unplaced<T> = T extends unknown ? Omit<T, "account" | "number" | "host" | "hostnames" | "unit"> : never;

/** A server before it has its place: number, ports, unit and names (`<server>.<account>.test`) follow from the account. */
export type FixtureServer = Unplaced<HttpServerInputs> & { readonly hostnames?: readonly string[] };

/** An account of a test and its HTTP servers, numbered as they stand. */
export interface FixtureAccount {
  readonly number: number;
  readonly name: string;
  readonly limits?: Partial<AccountContainerInputs["limits"]>;
  readonly servers?: readonly FixtureServer[];
  readonly services?: readonly Omit<ServiceInputs, "account" | "host">[];
  readonly tasks?: readonly Omit<ScheduledTaskInputs, "account" | "host">[];
  readonly databases?: readonly Omit<DatabaseInputs, "account" | "host">[];
  readonly suspended?: AccountContainerInputs["suspended"];
  readonly users?: readonly Omit<UserInputs, "account" | "host">[];
}

const site = { ...siteFixture("alpha"), prefix: "fd00:8000::/48" };
const network = networkFixture({ uidBase: defaultUidBase });

/** The identity of an account on {@link fixtureHost}. */
function identityOf(number: number): Identity {
  return identity(number, site, network.uidBase);
}

/** The only host of {@link declarationOf}. */
export const fixtureHost: BareMetalHostInputs = {
  name: "web1",
  cell: "main",
  role: "accounts",
  manufacturer: "qemu",
  model: "QEMU virtual machine",
  serial: "1",
  managementAddress: "fd00:8000::b1",
  site: "alpha",
  hall: "one",
  rack: "r1",
  release: "trixie",
  runtimes: [],
  upgrades: { security: true, reboot: false, nights: ["Mon", "Thu"] },
  address: "fd00:8000::11",
  asNumber: 4_200_000_011,
  disks: [],
  mirrors: [],
  powerSupplies: [],
  links: [],
  capacity: { cores: 8, memoryMb: 32_768, diskGb: 900 },
  routers: [
    { name: "edge-a", address: "fd00:8000::1", asNumber: 60_362 },
    { name: "edge-b", address: "fd00:8000::2", asNumber: 60_362 },
  ],
};

/** Declares these accounts on one host, with the same allocation as the program. `change` is what differs from {@link fixtureHost}. */
export function declarationOf(
  accounts: readonly FixtureAccount[],
  change: Partial<BareMetalHostInputs> = {},
): Declaration {
  const host = fixtureHost.name;
  const limits = { ...accountFixture().limits, memoryMaxMb: 512, tasksMax: 200, diskGb: 5 };
  const httpServers = accounts.flatMap(({ number: account, name: accountName, servers = [] }) =>
    servers.map((server, index): HttpServerInputs => {
      const number = index + 1;
      const hostnames = server.hostnames ?? [`${server.name}.${accountName}.test`];
      return { ...server, account, number, host, hostnames, unit: `account-${account}-http-${server.name}` };
    }),
  );
  return {
    ...nothingDeclared,
    networks: [network],
    sites: [site],
    hosts: [{ ...fixtureHost, ...change }],
    accounts: accounts.map(({ number, name, limits: own, suspended }) => {
      const { uid, gid, user, slice, directory } = identityOf(number);
      return {
        ...{ name, number, host, plan: "small", protect: true },
        ...{ uid, gid, user, slice, directory },
        limits: { ...limits, ...own },
        ...(suspended && { suspended }),
      };
    }),
    addresses: accounts.map(({ number }) => {
      const { prefix, address } = identityOf(number);
      return { account: number, host, site: "alpha", prefix, address };
    }),
    httpServers,
    services: accounts.flatMap(({ number: account, services = [] }) =>
      services.map((service) => ({ ...service, account, host })),
    ),
    tasks: accounts.flatMap(({ number: account, tasks = [] }) => tasks.map((task) => ({ ...task, account, host }))),
    databases: accounts.flatMap(({ number: account, databases = [] }) =>
      databases.map((database) => ({ ...database, account, host })),
    ),
    users: accounts.flatMap(({ number: account, users = [] }) => users.map((user) => ({ ...user, account, host }))),
    frontEnds: [{ host, ports: [80], accounts: accounts.length, httpServers: httpServers.length }],
  };
}

/** A static server; `change` is what differs from one without a fallback and a time for caches. */
export function staticServer(
  name: string,
  idleSeconds = 300,
  root = "www",
  change: Partial<Pick<Extract<FixtureServer, { kind: "static" }>, "fallback" | "cacheSeconds" | "hostnames">> = {},
): FixtureServer {
  return { kind: "static", name, root, idleSeconds, ...change };
}

/** A service; `change` is what differs from one without a monitoring command. */
export function service(
  name: string,
  command: readonly string[],
  change: Partial<ServiceInputs> = {},
): NonNullable<FixtureAccount["services"]>[number] {
  return { name, command, directory: ".", environment: {}, maxFailures: 20, ...change };
}

/** A scheduled task; `change` is what differs from one that runs every second, exactly and for a minute at most. */
export function task(
  name: string,
  command: readonly string[],
  change: Partial<ScheduledTaskInputs> = {},
): NonNullable<FixtureAccount["tasks"]>[number] {
  const time = { calendar: "*:*:*", timeZone: "UTC", limitSeconds: 60, randomDelaySeconds: 0, persistent: false };
  return { name, command, directory: ".", environment: {}, ...time, ...change };
}

/** A program; `change` is what differs from one that listens on $PORT. */
export function programServer(
  name: string,
  command: readonly string[],
  change: Partial<Omit<Extract<FixtureServer, { kind: "program" }>, "kind" | "name" | "command">> = {},
): FixtureServer {
  const common = { directory: ".", idleSeconds: 300, socketActivation: false, environment: {} };
  return { kind: "program", name, command, ...common, ...change };
}
