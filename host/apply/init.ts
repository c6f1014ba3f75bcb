import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { maskedUnits } from "../../delivery/protocol/packages.generated.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { sshdInclusion } from "../os/ssh/ssh-server.ts";
import { outdated, said, systemctl, unitStates } from "../os/systemd.ts";
import { settleGenerations } from "../store/generations.ts";
import { becomeRouter, routerOf } from "../store/host-name.ts";
import { leftToOthers, linksOf } from "../store/layout.ts";

const recoverUnit = `[Unit]
Description=Finish or roll back an interrupted change of this host
After=basic.target nftables.service fairhost-router-firewall.service ssh.service ssh.socket fairhost-fence.service
RequiresMountsFor=/var/lib/fairhost

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/fairhost-host recover

[Install]
WantedBy=multi-user.target
`;

/**
 * Creates what the applier needs: its directories, the fixed symlinks by which Debian's programs read the generation in force, and
 * the unit that recovers after a power cut. Files in place of a symlink are moved to /var/lib/fairhost/saved. A second run changes
 * nothing.
 * @param router manufacturer, if the machine is to be a router
 * @returns what was done, one line each
 */
export async function init(machine: Machine, router?: string): Promise<readonly string[]> {
  const { disk, layout } = machine;
  settleGenerations(machine);
  if (router !== undefined) becomeRouter(machine, router);
  const links = linksOf(routerOf(machine));
  ensureReadAtBoot(machine);
  requireNoOthers(machine);
  const done: string[] = [];
  for (const { path: link, link: target, content = recoverUnit } of missingFixtures(machine)) {
    const path = layout.at(link);
    disk.makeDirectory(dirname(path));
    if (link in links && lstatSync(path, { throwIfNoEntry: false })) done.push(setAside(machine, link));
    if (target === undefined) disk.replace(path, content, 0o644);
    else {
      disk.remove(path);
      disk.symbolicLink(target, path);
    }
    done.push(target === undefined ? `installed ${basename(link)}` : `${link} -> ${target}`);
  }
  const accounts = layout.at("/srv/accounts");
  if (routerOf(machine) === undefined && !existsSync(accounts)) {
    disk.makeDirectory(accounts, 0o711);
    done.push("created /srv/accounts");
  }
  if (machine.live) await follow(machine, done.length > 0);
  return done;
}

/**
 * Makes systemd follow what is on disk. It looks at systemd, not at what this run has changed: an earlier run may have ended before this.
 * @throws ApplyError with what systemd says
 */
async function follow(machine: Machine, changed: boolean): Promise<void> {
  const masked = masksOn(machine);
  const failed = (what: string, wrong: string | undefined) => {
    if (wrong !== undefined) throw new ApplyError(`systemctl ${what}: ${wrong}; fix that, then deploy again`);
  };
  if (changed || (await outdated(machine, masked))) {
    failed("daemon-reload", await said(machine.run("systemctl", ["daemon-reload"], { timeout: 300_000 })));
  }
  const states = await unitStates(machine);
  const running = masked.filter((unit) => !["inactive", "failed"].includes(states.get(unit) ?? "inactive"));
  failed(`stop ${running.join(" ")}`, await said(systemctl(machine, "stop", running)));
}

/** What else of Debian a router runs is not Fairhost's. */
const masksOn = (machine: Machine): readonly string[] => (routerOf(machine) === undefined ? maskedUnits : []);

/** Fixed symlinks and files that are missing or wrong. `init` creates them. */
export function missingFixtures(machine: Machine): { path: string; link?: string; content?: string; wanted: string }[] {
  const { layout } = machine;
  const router = routerOf(machine);
  const system = "/etc/systemd/system";
  const unit = `${system}/fairhost-recover.service`;
  const links: Record<string, string> = {
    ...linksOf(router),
    [`${system}/multi-user.target.wants/${basename(unit)}`]: `../${basename(unit)}`,
    ...Object.fromEntries(masksOn(machine).map((name) => [`${system}/${name}`, "/dev/null"])),
  };
  const wrong = Object.entries(links).filter(([path, target]) => !isLinkTo(layout.at(path), target));
  const files = [
    { path: unit, content: recoverUnit, wanted: "the unit that finishes an interrupted change" },
    ...(router === undefined
      ? [{ ...sshdInclusion, wanted: "what makes the SSH server read the settings in force" }]
      : []),
  ];
  const isWritten = (path: string, content: string) => existsSync(path) && readFileSync(path, "utf8") === content;
  return [
    ...wrong.map(([path, link]) => ({ path, link, wanted: `a symlink to ${link}` })),
    ...files.filter(({ path, content }) => !isWritten(layout.at(path), content)),
  ];
}

function isLinkTo(path: string, target: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === target;
}

/** Moves a file or directory to /var/lib/fairhost/saved, under a name with the time. @returns what was done */
export function setAside({ disk, layout }: Machine, path: string): string {
  disk.makeDirectory(layout.saved, 0o700);
  const name = `${new Date().toISOString()}-${path.slice(1).replaceAll("/", "-")}`;
  let saved = join(layout.saved, name);
  for (let count = 2; lstatSync(saved, { throwIfNoEntry: false }); count++)
    saved = join(layout.saved, `${name}.${count}`);
  // It may be another file system: `mv` then copies, which rename(2) cannot.
  disk.move(layout.at(path), saved);
  return `moved ${path} to ${join(basename(layout.saved), basename(saved))}`;
}

/** A host's network may come from such files. @throws ApplyError with all of them */
function requireNoOthers({ layout }: Machine): void {
  const others = [...leftToOthers].flatMap((link) => {
    const path = layout.at(link);
    const there = lstatSync(path, { throwIfNoEntry: false });
    return there?.isDirectory() ? readdirSync(path).map((name) => join(link, name)) : [];
  });
  if (others.length === 0) return;
  throw new ApplyError(
    `${others.join(", ")}: this place is Fairhost's. Move what the host needs to the same folder in /etc/systemd, remove the rest, then deploy again`,
  );
}

/** systemd reads units before it mounts anything, so they must be on the root file system. */
function ensureReadAtBoot({ layout }: Machine): void {
  if (statSync(layout.state).dev === statSync(layout.at("/")).dev) return;
  throw new ApplyError(
    `${layout.state} is on another file system than /: systemd could not read the accounts' units at boot; put only /srv on a separate file system`,
  );
}
