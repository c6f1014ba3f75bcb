/**
 * What the program declares, as plain data: the inputs of every component. The stack is built from it, the rules judge
 * it, the host bundles are rendered from it. Nothing in it is secret or unknown, so policies can always read it.
 */
export interface Declaration {
  readonly sites: readonly DatacenterInputs[];
  /** One: the own network. */
  readonly networks: readonly NetworkInputs[];
  readonly routers: readonly RouterInputs[];
  readonly switches: readonly SwitchInputs[];
  readonly ranges: readonly AddressRangeInputs[];
  /** One: what is taken for ever, and what got lost. */
  readonly registers: readonly RegisterInputs[];
  readonly hosts: readonly BareMetalHostInputs[];
  readonly plans: readonly PlanInputs[];
  readonly accounts: readonly AccountContainerInputs[];
  readonly addresses: readonly AccountAddressInputs[];
  readonly httpServers: readonly HttpServerInputs[];
  readonly frontEnds: readonly FrontEndInputs[];
}

/** What can fail alone, as a plan's promise names it. A chain fails up to the site's feed; a link is any cable. */
export const failures = [
  "disk",
  "supply",
  "chain",
  "link",
  "switch",
  "router",
  "operator",
  "host",
  "rack",
  "hall",
  "site",
] as const;
export type Failure = (typeof failures)[number];

/**
 * Leave to break one rule for a while: on the element that breaks it, so that a diff of the element shows it and the policy
 * pack, which sees one resource at a time, knows it.
 */
export interface WaiverInputs {
  readonly rule: string;
  /** Only violations at this property, or inside it; without one all of the element. */
  readonly path?: string;
  /** Who answers for it. */
  readonly owner: string;
  readonly reason: string;
  /** The last day it holds, ISO 8601. */
  readonly expires: string;
}

/** An element that may carry waivers. */
interface Waivable {
  readonly waivers?: readonly WaiverInputs[];
}

/** One power supply of a host, router or switch. `feed` is what the chain hangs on, from the site. */
export interface PowerSupplyInputs {
  readonly name: string;
  readonly model: string;
  readonly chain: string;
  readonly feed: string;
}

/** Where something stands. Halls belong to a site, racks to a hall. */
interface Placed extends Waivable {
  readonly name: string;
  readonly site: string;
  readonly hall: string;
  readonly rack: string;
}

/** Inputs of `fairhost:datacenter:Datacenter`: a site. */
export interface DatacenterInputs extends Waivable {
  readonly name: string;
  readonly provider: string;
  readonly city: string;
  readonly country: string;
  /** Degrees, north and east positive (WGS 84). */
  readonly latitude: number;
  readonly longitude: number;
  readonly availabilityClass: number;
  /** Not a place but a model of one, in virtual machines (docs/decisions/0011): rules about places do not apply. */
  readonly emulated: boolean;
  /** The site's IPv6 /48, canonical. */
  readonly prefix: string;
  /** IPv4 range of the front ends, if the site has one. */
  readonly prefix4?: string;
  /** Where the accounts of this site are backed up. */
  readonly backupSite?: string;
  readonly halls: readonly {
    readonly name: string;
    readonly chains: readonly { readonly name: string; readonly feed: string }[];
    readonly racks: readonly string[];
  }[];
  /** Parts that lie ready at the site. */
  readonly spares: readonly { readonly model: string; readonly count: number }[];
}

/** Inputs of `fairhost:network:Network`. */
export interface NetworkInputs extends Waivable {
  readonly asNumber: number;
  /** Owned ranges, IPv6 and IPv4. */
  readonly prefixes: readonly string[];
  readonly prefixes4: readonly string[];
  /** Who carries the traffic to and from the Internet. None: nothing is routed outside. */
  readonly operators: readonly {
    readonly name: string;
    readonly asNumber: number;
    /** The AS that owns this one, where it is known. */
    readonly parentAsNumber?: number;
    /** Routers it lands on. */
    readonly routers: readonly string[];
  }[];
}

/** What a router and a switch have in common. `pair` is the other one of its pair. */
interface DeviceInputs extends Placed {
  readonly manufacturer: string;
  readonly model: string;
  readonly pair?: string;
  readonly powerSupplies: readonly PowerSupplyInputs[];
}

/** Inputs of `fairhost:network:Router`. */
export interface RouterInputs extends DeviceInputs {
  /** The address hosts of the site speak BGP to, canonical. */
  readonly address: string;
  /** Routers it is cabled to directly, at its own or another site. */
  readonly links: readonly string[];
}

/** Inputs of `fairhost:network:Switch`. */
export interface SwitchInputs extends DeviceInputs {
  readonly uplinks: readonly { readonly port: string; readonly router: string }[];
}

/** Inputs of `fairhost:network:AddressRange`: an owned range, or what a site has of one. */
export interface AddressRangeInputs {
  /** Canonical. */
  readonly prefix: string;
  readonly version: number;
  /** The owned range it is part of; an owned one has none. */
  readonly within?: string;
  readonly site?: string;
  readonly purpose: string;
}

/** Inputs of `fairhost:account:Register`: what is taken for ever, and what the stack has that nobody declares any more. */
export interface RegisterInputs {
  /** Numbers of deleted accounts. */
  readonly tombstones: readonly number[];
  /** What was given up on purpose: `host web3`, `range 2001:db8::/48`. */
  readonly retired: readonly string[];
  /** What the stack holds and the inventory neither has nor says to be gone. Empty, or nothing is deployed. */
  readonly vanished: readonly { readonly kind: string; readonly name: string; readonly protect: boolean }[];
}

/** Inputs of `fairhost:host:BareMetalHost`. */
export interface BareMetalHostInputs extends Placed {
  readonly cell: string;
  /** `accounts`: has accounts; `spare`: kept free for accounts of a lost host; `backup`: keeps backups. */
  readonly role: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  /** Address of its management controller. */
  readonly managementAddress: string;
  /** Debian release by code name. */
  readonly release: string;
  /** The host's own IPv6 address, canonical (RFC 5952). */
  readonly address: string;
  readonly asNumber: number;
  readonly disks: readonly {
    readonly slot: string;
    readonly serial: string;
    readonly model: string;
    readonly sizeGb: number;
    readonly kind: string;
    readonly hotSwap: boolean;
  }[];
  readonly mirrors: readonly {
    readonly name: string;
    readonly level: string;
    readonly disks: readonly string[];
    readonly mount: string;
  }[];
  readonly powerSupplies: readonly PowerSupplyInputs[];
  readonly links: readonly {
    readonly port: string;
    readonly switch: string;
    readonly switchPort: string;
    readonly switchManufacturer: string;
  }[];
  readonly capacity: { readonly cores: number; readonly memoryMb: number; readonly diskGb: number };
  /** Who the host speaks BGP to: the routers of its site. */
  readonly routers: readonly { readonly name: string; readonly address: string; readonly asNumber: number }[];
}

/** Inputs of `fairhost:account:Plan`: what its accounts are promised. */
export interface PlanInputs extends Waivable {
  readonly name: string;
  readonly cpuWeight: number;
  readonly ioWeight: number;
  readonly memoryMaxMb: number;
  readonly tasksMax: number;
  readonly diskGb: number;
  readonly retentionDays: number;
  /** Failures of a single element that its accounts survive without anybody doing anything. */
  readonly survives: readonly Failure[];
  /** Whether the other hosts of the group have room for its accounts when their host is lost. */
  readonly takeover: boolean;
  /** What every account gets on a full host: cores (0.05 = a twentieth of one) and MiB. */
  readonly guaranteed: { readonly cores: number; readonly memoryMb: number };
  /** How many times over a host's memory and disk may be promised to accounts of this plan. */
  readonly overcommit: { readonly memory: number; readonly disk: number };
}

/** Inputs of `fairhost:account:AccountContainer`. */
export interface AccountContainerInputs extends Waivable {
  readonly name: string;
  readonly number: number;
  readonly host: string;
  /** Host that takes over at once when `host` is lost; plans that survive a host need one. */
  readonly standby?: string;
  readonly plan: string;
  readonly protect: boolean;
  /** Where its backups go and how many days they are kept. */
  readonly backup?: { readonly site: string; readonly retentionDays: number };
  readonly uid: number;
  readonly gid: number;
  /** Login name on the host: `a<number>`. */
  readonly user: string;
  /** systemd slice: `account-<number>.slice`. */
  readonly slice: string;
  /** Directory on the host: `/srv/accounts/<number>`. */
  readonly directory: string;
  readonly limits: {
    readonly cpuWeight: number;
    readonly ioWeight: number;
    readonly memoryMaxMb: number;
    readonly tasksMax: number;
    readonly diskGb: number;
  };
}

/** Inputs of `fairhost:network:AccountAddress`. */
export interface AccountAddressInputs {
  readonly account: number;
  readonly host: string;
  readonly site: string;
  /** The account's /64, canonical. */
  readonly prefix: string;
  /** The account's own address, `<prefix>::1`, canonical. */
  readonly address: string;
}

interface HttpServerCommon extends Waivable {
  readonly account: number;
  readonly name: string;
  readonly number: number;
  readonly host: string;
  readonly hostnames: readonly string[];
  /** Seconds; 0 = never stopped. */
  readonly idleSeconds: number;
  /** Where systemd listens for it: an address of its account, port 8000 + number. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Unit name without suffix: `account-<account>-http-<name>`. */
  readonly unit: string;
}

/** Inputs of `fairhost:http:HttpServer`. Paths are relative to the account's home. */
export type HttpServerInputs =
  | (HttpServerCommon & { readonly kind: "static"; readonly root: string })
  | (HttpServerCommon & {
      readonly kind: "program";
      readonly command: readonly string[];
      readonly directory: string;
      readonly socketActivation: boolean;
      readonly environment: Readonly<Record<string, string>>;
    });

/** Inputs of `fairhost:http:FrontEnd`: the reverse proxy of one host. */
export interface FrontEndInputs {
  readonly host: string;
  /** Ports open to the outside on every account's address. */
  readonly ports: readonly number[];
  /** IPv4 address that visitors without IPv6 reach the host's accounts at. */
  readonly address4?: string;
  readonly accounts: number;
  readonly httpServers: number;
}
