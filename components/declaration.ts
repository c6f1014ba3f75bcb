/**
 * What the program declares, as plain data: the inputs of every component. The stack is built from it, the rules judge
 * it, the host bundles are rendered from it. Nothing in it is secret or unknown, so policies can always read it.
 */
export interface Declaration {
  readonly hosts: readonly BareMetalHostInputs[];
  readonly plans: readonly PlanInputs[];
  readonly accounts: readonly AccountContainerInputs[];
  readonly addresses: readonly AccountAddressInputs[];
  readonly httpServers: readonly HttpServerInputs[];
  readonly frontEnds: readonly FrontEndInputs[];
}

/** Inputs of `fairhost:host:BareMetalHost`. */
export interface BareMetalHostInputs {
  readonly name: string;
  readonly cell: string;
  readonly site: string;
  readonly hall: string;
  readonly rack: string;
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
  /** `feed` is what the chain hangs on, from the site. */
  readonly powerSupplies: readonly { readonly name: string; readonly chain: string; readonly feed: string }[];
  readonly links: readonly { readonly port: string; readonly switch: string; readonly switchManufacturer: string }[];
  readonly capacity: { readonly cores: number; readonly memoryMb: number; readonly diskGb: number };
  /** Who the host speaks BGP to: the routers of its site. */
  readonly routers: readonly { readonly name: string; readonly address: string; readonly asNumber: number }[];
}

/** A plan as the rules see it (part of each account's inputs too). */
export interface PlanInputs {
  readonly name: string;
  readonly cpuWeight: number;
  readonly ioWeight: number;
  readonly memoryMaxMb: number;
  readonly tasksMax: number;
  readonly diskGb: number;
  readonly retentionDays: number;
}

/** Inputs of `fairhost:account:AccountContainer`. */
export interface AccountContainerInputs {
  readonly name: string;
  readonly number: number;
  readonly host: string;
  readonly plan: string;
  readonly protect: boolean;
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

interface HttpServerCommon {
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
  readonly accounts: number;
  readonly httpServers: number;
}
