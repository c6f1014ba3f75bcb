import type { z } from "zod";
import { accountEntries } from "../components/account/entries.generated.ts";
import { serverFixtures } from "../components/http/server-fixtures.generated.ts";
import { eachLimit } from "../components/plan/each-limit.ts";
import { type Fleet, fileKinds } from "../components/registry/files.generated.ts";
import { fixtures } from "./fixtures.generated.ts";

const [user] = fixtures.users({ accounts: 1, hosts: 1 } as never);
const [plan] = fixtures.plans({ accounts: 1, hosts: 1 } as never);
const day = "2026-11-20";
const later = "2026-12-10";

type Entries = keyof typeof accountEntries;

/** The first element of a kind's fixture, without what its list in an account's file does not have. */
function entry(key: Exclude<Entries, "httpServers">): object {
  const keys = Object.keys((accountEntries[key].unwrap() as z.ZodArray<z.ZodObject>).element.shape);
  const [element] = fixtures[key]({ accounts: 1, hosts: 1 } as never);
  return Object.fromEntries(Object.entries(element!).filter(([name]) => keys.includes(name)));
}

/** An entry of each kind that has a list in an account's file: a new kind is tried without a line here. */
function entries(): object {
  const keys = (Object.keys(accountEntries) as Entries[]).filter((key) => key !== "httpServers");
  return Object.fromEntries(keys.map((key) => [key, [entry(key)]]));
}

const firewall = [
  {
    ...({ action: "accept", direction: "in", protocol: "tcp", ip: 6 } as const),
    hosts: ["2a00:b6e1::/32", "2a00:b6e1::7"],
    ports: [8300, 8301],
  },
  { action: "reject", direction: "out", protocol: "all" } as const,
];

/**
 * A fleet that says everything that its files can say: what the example fleet leaves out is added. For tests that try each field of each
 * file; a field that is missing here is in their golden file.
 */
export function fullFleet(fleet: Fleet): Fleet {
  const [host] = fleet.hosts;
  const home = fleet.accounts[0]!.host;
  const account = fileKinds.accounts.schema.parse({
    number: 1500,
    name: "everything",
    plan: "large",
    host: home,
    ...entries(),
    retentionDays: 60,
    firewall,
    limits: {
      ...eachLimit((name) => plan![name]),
      ...{ cpuWeight: 100, ioWeight: 100, memoryMaxMb: 1024, swapMaxMb: 8, tasksMax: 64, diskGb: 5, inodes: 100_000 },
      ...{ outgoingConnections: 900, outgoingPerSecond: 40, mailsPerMinute: 50 },
    },
    users: [
      {
        name: "everybody",
        directory: "www",
        protocols: ["sftp", "webdav", "ftps"],
        keys: user!.keys,
        passwordHash: user!.passwordHash,
      },
    ],
    httpServers: [
      ...serverFixtures.map((server) => ({ idleSeconds: 300, hostnames: [`${server.kind}.example.net`], ...server })),
      {
        ...serverFixtures.find(({ kind }) => kind === "static")!,
        ...{ httpsOnly: true, hstsSeconds: 3600, certificate: "certificates/shop.pem" },
        hostnames: ["plain.example.net"],
        name: "plain",
        number: 90,
        fallback: "index.html",
        cacheSeconds: 60,
        headers: { "X-Frame-Options": "DENY" },
        passwords: { kim: `$2b$05$${"a".repeat(53)}` },
        bodyMaxMb: 8,
        answerSeconds: 30,
        cache: true,
      },
      {
        ...serverFixtures.find(({ kind }) => kind === "static")!,
        name: "guarded",
        number: 93,
        waf: { level: "strong", watchOnly: true, exclusions: ["942100 /a.b from 2001:db8::/32"] },
      },
      { ...serverFixtures.find(({ kind }) => kind === "python")!, name: "own", number: 92, virtualenv: "venv" },
      { ...serverFixtures.find(({ kind }) => kind === "node")!, name: "slow", number: 91, startSeconds: 40 },
    ],
    databases: [{ name: "full", engine: "postgresql", connections: 10 }],
    tasks: [{ ...entry("tasks"), randomDelaySeconds: 30, timeZone: "Europe/Paris", directory: "tasks" }],
  });
  return {
    ...fleet,
    plans: fleet.plans.map((plan) => (plan.name === account.plan ? { ...plan, passwordLogins: true } : plan)),
    accounts: [
      ...fleet.accounts,
      account,
      fileKinds.accounts.schema.parse({
        ...{ number: 1501, name: "suspended", plan: "small", host: home },
        suspended: { since: day, reason: "the bills are not paid" },
      }),
    ],
    hosts: fleet.hosts.map((each) => {
      if (each === host)
        return {
          ...each,
          ...{ runtimes: ["ruby"], firewall },
          upgrades: { security: true, reboot: false, asOf: day, nights: ["Mon" as const] },
        };
      // What the waiver below is for.
      const disks = each.disks.map((disk, at) => (at === 1 ? { ...disk, hotSwap: false } : disk));
      return each.name === "par2-web4" ? { ...each, disks } : each;
    }),
    network: {
      ...fleet.network,
      platformDomain: "platform.example",
      shortenAddresses: true,
      time: { servers: [{ name: "time.example.org", nts: true }] },
      controllers: ["2a00:b6e0:100::c0"],
      certificates: {
        directory: "https://ca.example/directory",
        email: "ops@example.com",
        dns: { provider: "ovh", settings: { OVH_ENDPOINT: "ovh-eu" }, secrets: ["OVH_CONSUMER_KEY"] },
      },
      upgrades: { ...fleet.network.upgrades, asOf: day },
      operators: fleet.network.operators.map((each, at) => {
        const session = { router: each.routers[0]!, address: "2001:db8:1::2", neighbor: "2001:db8:1::1", bfd: true };
        return at === 0 ? { ...each, parentAsNumber: 64_511, sessions: [session], gracefulShutdown: false } : each;
      }),
      routers: fleet.network.routers.map((each, at) => (at === 0 ? { ...each, gracefulShutdown: false } : each)),
    },
    approvals: [
      { action: "move", resource: "account 1001", approvedBy: "Kim", reason: "agreed with the owner", expires: later },
    ],
    retired: [{ kind: "host", name: "par1-web9", retired: day }],
    waivers: [
      {
        ...{ rule: "hot-swap-ssds", resource: "host par2-web4", path: "disks.1", owner: "Jo" },
        ...{ reason: "until the new disk is here", expires: later },
      },
    ],
    knownHosts: [...fleet.knownHosts, { ...fleet.knownHosts[0]!, marker: "@revoked", names: "old.example.net" }],
  };
}
