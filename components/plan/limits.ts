import { z } from "zod";
import { type BoundName, bounds } from "../account-network/links.ts";
import { descriptors } from "../http/front-end/connections.ts";

/** One limit of an account: its schema in a plan, its words, and where a host enforces it. */
export interface Limit {
  readonly schema: z.ZodType<number>;
  /** In sentences: `memory`. */
  readonly word: string;
  /** After a value, with its space: ` MiB`. */
  readonly unit: string;
  /** Directive of the account's slice (systemd.resource-control(5)) and its value; `undefined` if something else enforces it. */
  readonly slice: ((value: number) => readonly [directive: string, value: string]) | undefined;
  /** What of the account's project quotas it is, and how much (components/account/quotas.ts). */
  readonly quota?: (value: number) => readonly [of: "bytes" | "inodes", amount: number];
  /** Which bound of its HTTP cache it is (components/cache). */
  readonly cache?: "memory" | "disk";
  /** Which bound of its connections it is; the usual one is its default. */
  readonly bound?: BoundName;
  /** Which values promise less, of this account or to the others; by default smaller ones. */
  readonly weaker?: "any";
  /**
   * Whether all accounts of a host share what it bounds, or answer for it together, and no rule adds it up: a plan that gives more of it
   * lets its accounts take more from the others.
   */
  readonly shared?: true;
  /** Value of the drop-in that all slices of accounts have; a value equal to it is not written again. */
  readonly sliceDefault?: number;
  /** Directive of each unit of the account (systemd.exec(5)) and its value; `undefined` for the value that units have by themselves. */
  readonly service?: (value: number) => readonly [directive: string, value: string] | undefined;
}

const weight = z.int().min(1).max(10_000).default(100);

/**
 * Every limit of an account. Plans, accounts, the rule that all are set, the guard's that none shrinks unseen, the slice on the
 * host and the words of a diff follow from this list (each-limit.ts): a limit that is added here is in all of them.
 */
export const limits = {
  cpuWeight: {
    schema: weight.describe(
      "CPU weight of an account (systemd's CPUWeight=), 1 to 10000. Default 100: an equal share.",
    ),
    word: "CPU weight",
    unit: "",
    slice: (value) => ["CPUWeight", `${value}`],
    weaker: "any",
    sliceDefault: 100,
  },
  ioWeight: {
    schema: weight.describe(
      "IO weight of an account (systemd's IOWeight=), 1 to 10000. It acts on disks whose scheduler is BFQ, which is not Debian's default. Default 100: an equal share.",
    ),
    word: "IO weight",
    unit: "",
    slice: (value) => ["IOWeight", `${value}`],
    weaker: "any",
    sliceDefault: 100,
  },
  memoryMaxMb: {
    schema: z.int().min(16).describe("Hard memory limit of an account in MiB."),
    word: "memory",
    unit: " MiB",
    slice: (value) => ["MemoryMax", `${value}M`],
  },
  swapMaxMb: {
    schema: z
      .int()
      .min(0)
      .default(0)
      .describe(
        "Swap of an account in MiB, beyond its memory. Default 0: none, a host's swap is for its own programs.",
      ),
    word: "swap",
    unit: " MiB",
    slice: (value) => ["MemorySwapMax", `${value}M`],
    shared: true,
    sliceDefault: 0,
  },
  tasksMax: {
    schema: z.int().min(4).max(65_536).describe("Maximum number of tasks (processes and threads) of an account."),
    word: "tasks",
    unit: "",
    slice: (value) => ["TasksMax", `${value}`],
  },
  openFiles: {
    schema: z
      .int()
      .min(descriptors.server)
      .max(descriptors.hard)
      .default(descriptors.hard)
      .describe(
        "Files, sockets and pipes that one program of an account may have open at most (systemd's LimitNOFILE=). It holds for each program from its next start. All together are bounded by the account's memory. Default 524288, which is systemd's own.",
      ),
    word: "open files",
    unit: "",
    slice: undefined,
    service: (value) => (value === descriptors.hard ? undefined : ["LimitNOFILE", `${descriptors.server}:${value}`]),
  },
  diskGb: {
    schema: z
      .number()
      .positive()
      .describe(
        "Disk limit of an account in gigabytes (10^9 bytes), its logs included: a tenth, at most 1 GB, is for them alone.",
      ),
    word: "disk",
    unit: " GB",
    slice: undefined,
    quota: (value) => ["bytes", Math.floor(value * 1e9)],
  },
  inodes: {
    schema: z
      .int()
      .min(1000)
      .default(250_000)
      .describe(
        "Maximum number of an account's files, directories and symlinks, its logs included. ext4 has one for every 16 KiB of disk. Default 250000.",
      ),
    word: "inodes",
    unit: "",
    slice: undefined,
    quota: (value) => ["inodes", value],
    shared: true,
  },
  cacheMemoryMb: {
    schema: z
      .int()
      .min(8)
      .max(4096)
      .default(32)
      .describe(
        "Answers that the HTTP cache of an account (`cache`) keeps in memory, in MiB. They and up to 56 MiB for the cache itself are part of the account's memory. Default 32.",
      ),
    word: "memory of the HTTP cache",
    unit: " MiB",
    slice: undefined,
    cache: "memory",
  },
  cacheDiskMb: {
    schema: z
      .int()
      .min(0)
      .max(65_536)
      .default(0)
      .describe(
        "Answers of more than 256 KiB that the HTTP cache of an account keeps on disk, in MiB, as part of the account's disk. Default 0: all are kept in memory.",
      ),
    word: "disk of the HTTP cache",
    unit: " MiB",
    slice: undefined,
    cache: "disk",
  },
  outgoingConnections: {
    schema: z
      .int()
      .min(1)
      .max(20_000)
      .default(bounds.open.usual)
      .describe(
        "Connections of an account to the outside at one time, those that ended within the last minutes included. All accounts of a host share a table with 32 entries for each MiB of its memory. Default 1000.",
      ),
    word: "connections to the outside",
    unit: "",
    slice: undefined,
    bound: "open",
    shared: true,
  },
  outgoingPerSecond: {
    schema: z
      .int()
      .min(1)
      .max(1000)
      .default(bounds.rate.usual)
      .describe("New connections of an account to the outside a second; ten times as many at once. Default 50."),
    word: "new connections to the outside a second",
    unit: "",
    slice: undefined,
    bound: "rate",
    shared: true,
  },
  mailsPerMinute: {
    schema: z
      .int()
      .min(0)
      .max(6000)
      .default(bounds.mail.usual)
      .describe(
        "New connections of an account to the ports of mail (25, 465, 587) a minute, and as many at once. 0: none. Default 60.",
      ),
    word: "mails a minute",
    unit: "",
    slice: undefined,
    bound: "mail",
    shared: true,
  },
} as const satisfies Readonly<Record<string, Limit>>;
