import type { Files } from "./edits.ts";
import type { Loss } from "./plain-files.ts";

interface Difference {
  /** `accounts.*.limits.diskGb` */
  readonly path: string;
  readonly was: unknown;
  readonly is: unknown;
}

/**
 * Fields that a change may touch, with the direction that loses nothing; `any` also of what another part of the judge looks at. What is
 * not here is lost by every change, so a new field is strict until somebody has thought of it.
 */
const free: readonly (readonly [fields: RegExp, toward: "any" | "more" | "less"])[] = [
  [/^accounts\.\*\.(name|number|plan|host|standby|protect|retentionDays|suspended|limits|firewall)\b/, "any"],
  [/^accounts\.\*\.httpServers\.\*\.(hostnames|addresses|passwords|waf)\b/, "any"],
  [
    /^accounts\.\*\.httpServers\.\*\.(kind|directory|environment|startSeconds|retrySeconds|idleSeconds|restart)\b/,
    "any",
  ],
  [
    /^accounts\.\*\.httpServers\.\*\.(main|arguments|nodeOptions|command|socketActivation|workers|threads|ini)\b/,
    "any",
  ],
  [
    /^accounts\.\*\.httpServers\.\*\.(application|interface|virtualenv|root|fallback|to|keepHost|keepPath|status)$/,
    "any",
  ],
  [
    /^accounts\.\*\.httpServers\.\*\.(trimPath|httpsOnly|hstsSeconds|certificate|headers|bodyMaxMb|answerSeconds)\b/,
    "any",
  ],
  [/^accounts\.\*\.httpServers\.\*\.(cache|cacheSeconds|logFormat)$/, "any"],
  [/^accounts\.\*\.services\.\*\.(command|directory|environment|reload|port|maxFailures|monitor)\b/, "any"],
  [/^accounts\.\*\.tasks\.\*\.(command|directory|environment|calendar|threshold|timeZone|limitSeconds)\b/, "any"],
  [/^accounts\.\*\.tasks\.\*\.(randomDelaySeconds|persistent)$/, "any"],
  [/^accounts\.\*\.users\.\*\.(directory|protocols|keys|passwordHash)$/, "any"],
  [/^accounts\.\*\.databases\.\*\.(connections|tcp)$/, "any"],
  [/^hosts\.\*\.(manufacturer|model|serial|cell|role|lost|runtimes|firewall|capacity|upgrades\.security)\b/, "any"],
  [/^hosts\.\*\.(links\.\*\.(switch|switchPort)|disks\.\*\.serial)$/, "any"],
  [/^hosts\.\*\.(address|address4|managementAddress|asNumber|ssh|site|hall|rack)\b/, "any"],
  [/powerSupplies\.\*\.chain$/, "any"],
  [/^network\.(controllers|runtimes|platformDomain|shortenAddresses|upgrades\.security|certificates\.email)$/, "any"],
  [/^network\.operators\.\*\.(routers|asNumber|sessions)\b/, "any"],
  [/^network\.(routers|switches)\.\*\.(address|links|uplinks|pair|site|hall|rack)\b/, "any"],
  [/^network\.\w+\.\*\.gracefulShutdown$/, "less"],
  [/^plans\.\*\.(overcommit\.\w+|wakeSeconds|proofDays|standbyMinutes)$/, "less"],
  [/^plans\.\*\.(cacheMemoryMb|cacheDiskMb|takeover)$/, "more"],
  [/^plans\.\*\.(guaranteed|survives|retentionDays|passwordLogins)\b/, "any"],
  [/^plans\.\*\.(memoryMaxMb|swapMaxMb|tasksMax|openFiles|diskGb|inodes|cpuWeight|ioWeight)$/, "any"],
  [/^plans\.\*\.(outgoingConnections|outgoingPerSecond|mailsPerMinute)$/, "any"],
  [/^sites\.\*\.(location\.city|backupSite|spares|halls\.\*\.chains\.\*\.feed)\b/, "any"],
  [/^(tombstones\.\*\.deleted|retired\.\*\.retired|waivers\.\*\.(owner|reason))$/, "any"],
  [/^approvals\b/, "any"],
  [/^limits\.(hosts|accounts|capacityPercent|deletions|waves)$/, "less"],
  [/^limits\.secondPerson$/, "more"],
  [/^sites\.\*\.availabilityClass$/, "more"],
  [/^waivers\.\*\.expires$/, "less"],
];

/** What a file means that does not say it. Of a fleet without an identity nobody can tell another one. */
const unsaid: Readonly<Record<string, unknown>> = {
  "limits.accounts": 1000,
  "limits.capacityPercent": 25,
  "limits.deletions": 10,
  "limits.deployment": "in-waves",
  "limits.hosts": 2,
  "limits.secondPerson": false,
  "limits.waves": 20,
  "hosts.*.ssh.port": 22,
  "network.operators.*.gracefulShutdown": false,
  "network.routers.*.gracefulShutdown": false,
  "network.time.servers.*.nts": true,
  "network.uidBase": 1_900_000_000,
  "network.upgrades.reboot": false,
  "plans.*.cacheDiskMb": 0,
  "plans.*.cacheMemoryMb": 32,
  "plans.*.overcommit.disk": 1,
  "plans.*.overcommit.memory": 8,
  "plans.*.proofDays": 30,
  "plans.*.standbyMinutes": 60,
  "plans.*.takeover": true,
  "plans.*.wakeSeconds": 120,
  "sites.*.availabilityClass": 3,
  "sites.*.emulated": false,
};

const size = (value: unknown) => (typeof value === "string" ? Date.parse(value) : Number(value ?? 0));

/** Fields that differ in what both sides have, and may not. */
export function* fieldsLost(before: Files, after: Files): Generator<Loss> {
  for (const { path, was, is } of differences(before, after)) {
    const toward = free.find(([fields]) => fields.test(path))?.[1];
    const [old, next] = [was ?? unsaid[path], is ?? unsaid[path]];
    if (old === next || (path === "network.fleet" && was === undefined)) continue;
    const better = toward === "more" ? size(next) > size(old) : size(next) < size(old);
    if (toward !== "any" && !(toward !== undefined && better)) yield { of: "promise", what: `another ${path}` };
  }
}

/** Of files by their folders, of lists' items by what names them. Files and items that come or go are no difference of a field. */
export function* differences(before: Files, after: Files): Generator<Difference> {
  for (const [file, content] of before) {
    const [folder, name] = file.split("/");
    const at = name === undefined ? folder!.replace(".yaml", "") : `${folder}.*`;
    if (after.has(file)) yield* differing(content, after.get(file), at);
  }
}

function* differing(before: unknown, after: unknown, at: string): Generator<Difference> {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  const [was, is] = [before ?? emptyOf(after), after ?? emptyOf(before)];
  if (Array.isArray(was) && Array.isArray(is) && [...was, ...is].every(isMap)) {
    const key = (item: object) => JSON.stringify(Object.values(item)[0]);
    const next = new Map(is.map((item) => [key(item), item]));
    for (const item of was) if (next.has(key(item))) yield* differing(item, next.get(key(item)), `${at}.*`);
  } else if (isMap(was) && isMap(is)) {
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      // What names a file's content names an element: that it comes and goes is judged elsewhere.
      if (name !== "name" || !at.includes("*"))
        yield* differing(Reflect.get(was, name), Reflect.get(is, name), `${at}.${name}`);
    }
  } else if (JSON.stringify(sorted(was)) !== JSON.stringify(sorted(is))) yield { path: at, was, is };
}

const sorted = (value: unknown) => (Array.isArray(value) ? value.map(String).sort() : value);

const isMap = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

/** What a list or map that comes or goes is compared with. */
function emptyOf(value: unknown): unknown {
  return Array.isArray(value) ? [] : isMap(value) ? {} : undefined;
}
