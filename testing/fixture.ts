import type {
  AccountAddressInputs,
  AccountContainerInputs,
  BareMetalHostInputs,
  Declaration,
  FrontEndInputs,
  HttpServerInputs,
  PlanInputs,
} from "../components/declaration.ts";
import { placesFixture, powerSuppliesFixture } from "./fixture-places.ts";

/**
 * A valid host, number `index` (from 1); addresses are in the documentation prefix 2001:db8::/32. `change` is what differs.
 * @public
 */
export function hostFixture(index = 1, change: Partial<BareMetalHostInputs> = {}): BareMetalHostInputs {
  const disk = (slot: number) => ({
    slot: `bay${slot}`,
    serial: `S${index}-${slot}`,
    model: "PM893",
    sizeGb: 960,
    kind: "ssd",
    hotSwap: true,
  });
  return {
    name: `h${index}`,
    cell: "main",
    role: "accounts",
    manufacturer: "supermicro",
    model: "AS-1115",
    serial: `C${index}`,
    managementAddress: `2001:db8:1:0:2::${index.toString(16)}`,
    site: "alpha",
    hall: "one",
    rack: `r${index}`,
    release: "trixie",
    address: `2001:db8:1:0:1::${index.toString(16)}`,
    asNumber: 4_200_000_000 + index,
    disks: [disk(0), disk(1)],
    mirrors: [
      { name: "system", level: "raid1", disks: ["bay0", "bay1"], mount: "/" },
      { name: "data", level: "raid1", disks: ["bay0", "bay1"], mount: "/srv/accounts" },
    ],
    powerSupplies: powerSuppliesFixture,
    links: [
      { port: "eth0", switch: "sw1", switchPort: `p${index}`, switchManufacturer: "arista" },
      { port: "eth1", switch: "sw2", switchPort: `p${index}`, switchManufacturer: "juniper" },
    ],
    capacity: { cores: 32, memoryMb: 262_144, diskGb: 900 },
    routers: [
      { name: "rt1", address: "2001:db8:1::1", asNumber: 64_496 },
      { name: "rt2", address: "2001:db8:1::2", asNumber: 64_496 },
    ],
    ...change,
  };
}

/**
 * A valid plan.
 * @public
 */
export function planFixture(change: Partial<PlanInputs> = {}): PlanInputs {
  return {
    name: "small",
    cpuWeight: 100,
    ioWeight: 100,
    memoryMaxMb: 512,
    tasksMax: 128,
    diskGb: 10,
    retentionDays: 7,
    survives: ["disk", "supply", "chain", "link", "switch", "router", "operator"],
    takeover: true,
    guaranteed: { cores: 0.05, memoryMb: 64 },
    overcommit: { memory: 8, disk: 4 },
    ...change,
  };
}

/**
 * A valid account on host h1.
 * @public
 */
export function accountFixture(number = 1, change: Partial<AccountContainerInputs> = {}): AccountContainerInputs {
  const { cpuWeight, ioWeight, memoryMaxMb, tasksMax, diskGb } = planFixture();
  return {
    name: `acme-${number}`,
    number,
    host: "h1",
    plan: "small",
    protect: true,
    backup: { site: "beta", retentionDays: 7 },
    uid: 200_000 + number,
    gid: 200_000 + number,
    user: `a${number}`,
    slice: `account-${number}.slice`,
    directory: `/srv/accounts/${number}`,
    limits: { cpuWeight, ioWeight, memoryMaxMb, tasksMax, diskGb },
    ...change,
  };
}

/**
 * A valid account's address.
 * @public
 */
export function addressFixture(account = 1, change: Partial<AccountAddressInputs> = {}): AccountAddressInputs {
  const subnet = `2001:db8:1:${account.toString(16)}::`;
  return { account, host: "h1", site: "alpha", prefix: `${subnet}/64`, address: `${subnet}1`, ...change };
}

type StaticServer = Extract<HttpServerInputs, { kind: "static" }>;
type ProgramServer = Extract<HttpServerInputs, { kind: "program" }>;

const serverFixture = (account: number, name: string, number: number) => ({
  account,
  name,
  number,
  host: "h1",
  hostnames: [`${name}${account}.example.org`],
  idleSeconds: 300,
  listen: { address: addressFixture(account).address, port: 8000 + number },
  unit: `account-${account}-http-${name}`,
});

/**
 * A valid HTTP server of kind static, number 1 of its account.
 * @public
 */
export function staticServerFixture(account = 1, change: Partial<StaticServer> = {}): StaticServer {
  return { ...serverFixture(account, "www", 1), kind: "static", root: "www", ...change };
}

/**
 * A valid HTTP server of kind program, number 2 of its account.
 * @public
 */
export function programServerFixture(account = 1, change: Partial<ProgramServer> = {}): ProgramServer {
  return {
    ...serverFixture(account, "api", 2),
    kind: "program",
    command: ["/usr/bin/python3", "serve.py"],
    directory: "api",
    socketActivation: false,
    environment: { LANG: "C.UTF-8" },
    ...change,
  };
}

/**
 * A valid front end.
 * @public
 */
export function frontEndFixture(change: Partial<FrontEndInputs> = {}): FrontEndInputs {
  return { host: "h1", ports: [80, 443], accounts: 2, httpServers: 4, ...change };
}

/**
 * A valid declaration: two sites, two routers, two switches, four operators, one plan, `hosts` hosts with a front end each, and `accounts` accounts with a static and a program
 * HTTP server each, spread over the hosts in turn. Default: 2 hosts, 3 accounts.
 */
export function declarationFixture({ hosts = 2, accounts = 3 } = {}): Declaration {
  const numbers = Array.from({ length: accounts }, (_, index) => index + 1);
  const on = (number: number) => ({ host: `h${((number - 1) % hosts) + 1}` });
  const indexes = Array.from({ length: hosts }, (_, index) => index + 1);
  return {
    ...placesFixture(hosts),
    hosts: indexes.map((index) => hostFixture(index)),
    plans: [planFixture()],
    accounts: numbers.map((number) => accountFixture(number, on(number))),
    addresses: numbers.map((number) => addressFixture(number, on(number))),
    httpServers: numbers.flatMap((number) => [
      staticServerFixture(number, on(number)),
      programServerFixture(number, on(number)),
    ]),
    frontEnds: indexes.map((index) => {
      const own = numbers.filter((number) => on(number).host === `h${index}`).length;
      return frontEndFixture({ host: `h${index}`, accounts: own, httpServers: 2 * own });
    }),
  };
}

/** The day tests judge at. */
export const today = "2026-11-22";
