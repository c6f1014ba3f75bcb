import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { fixedLinks } from "../../host/store/layout.ts";
import type { ContainerHost, RunOptions, RunResult } from "../../lab/container.ts";

/** A host of a test that runs commands, in a container or under a kernel of its own. */
interface Commands<Command> {
  run(command: Command, options?: RunOptions): Promise<RunResult>;
}

/** Runs on the host with its own Node.js; reads the bundle on standard input. */
const place = `
const fs = require("node:fs"), path = require("node:path");
const { bundle, current, links, secrets } = JSON.parse(fs.readFileSync(0, "utf8"));
const owners = (a) => ({ account: [a.uid, a.gid], root: [0, a.gid], logs: [33, a.gid] });
fs.rmSync(current, { recursive: true, force: true });
for (const group of Object.values(bundle.groups)) {
  for (const file of group.files) {
    const target = path.join(current, file.path);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    if (file.link !== undefined) fs.symlinkSync(file.link, target);
    else fs.writeFileSync(target, file.content, { mode: file.mode ?? 0o644 });
  }
  const account = group.account;
  for (const entry of account?.directories ?? []) {
    const target = path.join(account.directory, entry.path);
    fs.mkdirSync(target, { recursive: true });
    fs.chownSync(target, ...owners(account)[entry.owner]);
    fs.chmodSync(target, entry.mode);
  }
  if (account) {
    fs.mkdirSync(secrets, { recursive: true, mode: 0o700 });
    fs.writeFileSync(path.join(secrets, String(account.number)), "secret of " + account.number, { mode: 0o600 });
  }
}
for (const [link, target] of Object.entries(links)) {
  fs.mkdirSync(path.dirname(link), { recursive: true });
  fs.rmSync(link, { recursive: true, force: true });
  fs.symlinkSync(target, link);
}
`;

/**
 * For tests: a bundle put in place and in force on a container, as the applier does it, without its generations,
 * validation and rollback.
 * @throws when a unit that must be active is not
 */
export async function placeBundle(host: ContainerHost, bundle: Bundle): Promise<void> {
  // A socket is not started while its service runs.
  await succeed(host, ["systemctl", "stop", "account-*.service", "account-*.socket"]);
  await placeFiles(host, bundle);
  await succeed(host, ["systemctl", "daemon-reload"]);
  // The others are the machine's own.
  await succeed(host, ["/usr/lib/systemd/systemd-sysctl", "--prefix=/net"]);
  const units = Object.values(bundle.groups).flatMap((group) => group?.units ?? []);
  const started = units.filter(({ want }) => want === "start").map(({ name }) => name);
  await succeed(host, ["systemctl", "restart", ...started]);
  await succeed(host, ["systemctl", "is-active", ...started]);
}

/** Its files, links, directories and secrets alone: nothing is started. */
export async function placeFiles(host: Commands<string>, bundle: Bundle): Promise<void> {
  const secrets = "/var/lib/fairhost/secrets/accounts";
  const stdin = JSON.stringify({ bundle, current: currentGeneration, links: fixedLinks, secrets });
  // It has no single quote.
  await succeed(host, `/usr/bin/node -e '${place}'`, stdin);
}

/** Runs a command that must succeed. */
export async function succeed<Command extends string | readonly string[]>(
  host: Commands<Command>,
  command: Command,
  stdin?: string,
): Promise<string> {
  const result = await host.run(command, stdin === undefined ? {} : { stdin });
  if (result.exitCode !== 0) {
    throw new Error(`${JSON.stringify(command)} ended with ${result.exitCode}: ${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}
