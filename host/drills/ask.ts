import { chownSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { AskedServer } from "../../delivery/protocol/proofs.ts";
import { accountDirectory, must } from "../archives/archives.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { withRoom } from "./sandbox.ts";

/** Where systemd finds units that do not outlive a boot. */
const runtimeUnits = "/run/systemd/system";

/** Milliseconds that an answer may take: as long as the front end waits for a program that has to start (host/inspect/health.ts). */
const patience = 65_000;

/** Its unit, without suffix. @param number of an account, or `*` */
const askedUnit = (number: number | "*") => `fairhost-backup-${number}-ask`;

/**
 * Starts the server of an account's own address with the restored files in the place of the account's, and sends it one request. It has the account's sandbox and limits, but is in the
 * slice of backups, in an empty network, and without databases, caches and logs of the account: it reaches nobody, and nobody but root reaches it.
 * What it answers is seen, not judged: an application without its database may well say 500, and the account's program is the account's own.
 * @param directory of the drill, for root alone, with `restored/home`
 * @returns undefined if the account has no such server, or is suspended
 */
export async function askRestored(
  machine: Machine,
  { groups }: Bundle,
  { number, uid }: { readonly number: number; readonly uid: number },
  directory: string,
): Promise<AskedServer | undefined> {
  const texts = new Map(groups[`account-${number}`]!.files.map(({ path, content }) => [path, content ?? ""]));
  const asked = defaultServer(texts, number);
  const service = asked && texts.get(`systemd/${asked.unit}.service`);
  if (!asked || service === undefined) return undefined;
  const server = asked.unit.replace(/^account-\d+-http-/, "");
  for (const part of ["home", "lib"]) {
    const path = join(directory, "restored", part);
    if (existsSync(path)) continue;
    machine.disk.makeDirectory(path, 0o750);
    chownSync(path, uid, uid);
  }
  const shared = (path: string) => groups.host?.files.find((file) => file.path === path)?.content;
  const limits = texts.get(`systemd/account-${number}-.service.d/50-limits.conf`);
  const unit = askedUnit(number);
  const socket = join(machine.layout.jobs, `${unit}.sock`);
  const path = (suffix: string) => join(machine.layout.at(runtimeUnits), `${unit}.${suffix}`);
  try {
    await end(machine, number);
    const own = restoredUnit([shared("systemd/account-.service.d/50-sandbox.conf"), limits, service], {
      from: accountDirectory(machine, number),
      to: join(directory, "restored"),
    });
    machine.disk.replace(path("service"), own, 0o600, { sync: false });
    const listens = `[Socket]\nListenStream=${socket}\nSocketMode=0600\nRemoveOnStop=yes\n`;
    machine.disk.replace(path("socket"), listens, 0o600, { sync: false });
    const begun = performance.now();
    const answer = await withRoom(machine, directory, [unit], async () => {
      await must(machine, "systemctl", ["start", `${unit}.socket`]);
      return await get(socket, asked.address);
    });
    return { server, ...answer, seconds: Math.round((performance.now() - begun) / 100) / 10 };
  } catch (error) {
    return { server, why: error instanceof Error ? error.message.slice(0, 300) : String(error), seconds: 0 };
  } finally {
    await end(machine, number);
  }
}

/** Ends what a killed drill has left, too. @param number of an account; without it, of all */
export async function end(machine: Machine, number: number | "*"): Promise<void> {
  const unit = askedUnit(number);
  await machine.run("systemctl", ["stop", "--quiet", `${unit}.socket`, `${unit}.service`]);
  if (number === "*") return;
  for (const suffix of ["socket", "service"])
    machine.disk.remove(join(machine.layout.at(runtimeUnits), `${unit}.${suffix}`));
}

/** The server that answers at an account's own address, its address as a name, and its unit. */
function defaultServer(texts: ReadonlyMap<string, string>, number: number) {
  for (const [path, content] of texts) {
    const [, address] = /^sites\/names\/([0-9a-f]*:[0-9a-f:]*)$/.exec(path) ?? [];
    const [, unit] = /^\/ \d+\/(?:kept\/)?unix:\/run\/[\w/-]*\/(account-\d+-http-[a-z0-9-]+)/m.exec(content) ?? [];
    if (address !== undefined && unit?.startsWith(`account-${number}-`)) return { address, unit };
  }
  return undefined;
}

/**
 * A unit file with the `[Service]` settings of others, the later ones last, in which the restored directories take the place of the account's.
 * Of the account's drop-ins it has the limits alone: the others are its network, and what it shares with others.
 * @throws ApplyError if the account's own home would still be there, or if there is no sandbox, or no limits
 */
export function restoredUnit(
  files: readonly (string | undefined)[],
  { from, to }: { readonly from: string; readonly to: string },
): string {
  const kept = files
    .flatMap(serviceSettings)
    .filter((line) => !/^(Slice|StandardOutput|Restart\w*|OOMScoreAdjust)=/.test(line))
    .map((line) =>
      line.startsWith("BindPaths=")
        ? line.replaceAll(`${from}/home:`, `${to}/home:`).replaceAll(`${from}/lib:`, `${to}/lib:`)
        : line,
    );
  const left = kept.join("\n");
  if (!left.includes(`${to}/home:`) || left.includes(`${from}/home`) || left.includes(`${from}/lib`))
    throw new ApplyError("mounts of the account in its unit are not those that drills know");
  const lacking = required.filter((setting) => !kept.some((line) => setting.test(line)));
  if (lacking.length > 0)
    throw new ApplyError(`its unit has nothing like ${lacking.map(({ source }) => source).join(", ")}`);
  const bounds = ["Slice=fairhost-backup.slice", "StandardOutput=null", "Nice=19", "IOSchedulingClass=idle"];
  const last = ["OOMScoreAdjust=900", "RuntimeMaxSec=5min", "TimeoutStopSec=2s"];
  return `[Unit]\nDescription=A drill asks a restored web site\n\n[Service]\n${[...kept, ...bounds, ...last].join("\n")}\n`;
}

/** Settings without which nothing is started: they bound what an account's program can do, and come from other files than its command. */
const required = [
  ...[
    /^User=a\d+$/,
    /^PrivateNetwork=yes$/,
    /^PrivateUsers=self$/,
    /^NoNewPrivileges=yes$/,
    /^CapabilityBoundingSet=$/,
  ],
  ...[/^TemporaryFileSystem=\/:ro,/, /^SystemCallFilter=@system-service$/, /^MemoryMax=\d+M$/, /^TasksMax=\d+$/],
];

/** Lines of the section `[Service]` of a unit file; brackets in a command or an environment begin no other one. */
function serviceSettings(text = ""): string[] {
  const lines = text.split("\n");
  const isHeader = (line: string) => /^\[[A-Za-z]+\]$/.test(line);
  const begin = lines.indexOf("[Service]") + 1;
  if (begin === 0) return [];
  const end = lines.findIndex((line, index) => index >= begin && isHeader(line));
  return lines.slice(begin, end < 0 ? undefined : end).filter(Boolean);
}

/** @throws Error with the reason if there is no answer */
function get(socketPath: string, address: string): Promise<{ readonly status: number }> {
  const { request } = process.getBuiltinModule("node:http");
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patience);
    const headers = { host: `[${address}]`, connection: "close" };
    const sent = request({ socketPath, path: "/", headers, agent: false, signal });
    sent.once("response", (response) => {
      resolve({ status: response.statusCode ?? 0 });
      response.destroy();
    });
    sent.once("error", (error) => {
      reject(signal.aborted ? new Error(`no answer within ${patience / 1000} s`) : error);
    });
    sent.end();
  });
}
