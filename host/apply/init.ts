import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ApplyError, type Machine } from "../os/machine.ts";
import { settleGenerations } from "../store/generations.ts";
import { fixedLinks } from "../store/layout.ts";

const recoverUnit = `[Unit]
Description=Finish or take back an interrupted change of this host
After=basic.target nftables.service
RequiresMountsFor=/var/lib/fairhost

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/fairhost-host recover

[Install]
WantedBy=multi-user.target
`;

/** Debian's own service; accounts' servers start lighttpd from their own sockets. */
const masked = ["lighttpd.service"];

/**
 * Makes what the applier stands on: its directories, the fixed links by which Debian's programs read the generation in
 * force, the unit that recovers after a power cut. What stood in a link's place is kept under /var/lib/fairhost/saved. Doing
 * it twice changes nothing.
 * @returns what was done, one line each
 */
export async function init(machine: Machine): Promise<readonly string[]> {
  const { disk, layout } = machine;
  settleGenerations(machine);
  ensureReadAtBoot(machine);
  const done: string[] = [];
  for (const { path: link, link: target } of missingFixtures(machine)) {
    const path = layout.at(link);
    disk.makeDirectory(dirname(path));
    if (link in fixedLinks && lstatSync(path, { throwIfNoEntry: false })) done.push(setAside(machine, link));
    if (target === undefined) disk.replace(path, recoverUnit, 0o644);
    else {
      disk.remove(path);
      disk.symbolicLink(target, path);
    }
    done.push(target === undefined ? `installed ${basename(link)}` : `${link} -> ${target}`);
  }
  const accounts = layout.at("/srv/accounts");
  if (!existsSync(accounts)) {
    disk.makeDirectory(accounts, 0o711);
    done.push("made /srv/accounts");
  }
  if (machine.live && done.length > 0) {
    await machine.run("systemctl", ["daemon-reload"]);
    await machine.run("systemctl", ["stop", ...masked]);
  }
  return done;
}

/** What `init` makes and is not there as it should be: fixed links, and the recovery unit, which is a file. */
export function missingFixtures({ layout }: Machine): { path: string; link?: string; wanted: string }[] {
  const system = "/etc/systemd/system";
  const unit = `${system}/fairhost-recover.service`;
  const links: Record<string, string> = {
    ...fixedLinks,
    [`${system}/multi-user.target.wants/${basename(unit)}`]: `../${basename(unit)}`,
    ...Object.fromEntries(masked.map((name) => [`${system}/${name}`, "/dev/null"])),
  };
  const wrong = Object.entries(links).filter(([path, target]) => !isLinkTo(layout.at(path), target));
  const isWritten = existsSync(layout.at(unit)) && readFileSync(layout.at(unit), "utf8") === recoverUnit;
  return [
    ...wrong.map(([path, link]) => ({ path, link, wanted: `a link to ${link}` })),
    ...(isWritten ? [] : [{ path: unit, wanted: "the unit that finishes an interrupted change" }]),
  ];
}

function isLinkTo(path: string, target: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === target;
}

/** Moves what stands in the way to /var/lib/fairhost/saved, under a name that says when. @returns what was done */
export function setAside({ disk, layout }: Machine, path: string): string {
  disk.makeDirectory(layout.saved, 0o700);
  const name = `${new Date().toISOString()}-${path.slice(1).replaceAll("/", "-")}`;
  let saved = join(layout.saved, name);
  for (let count = 2; lstatSync(saved, { throwIfNoEntry: false }); count++)
    saved = join(layout.saved, `${name}.${count}`);
  // Possibly another file system: then it is copied by `mv`, which rename(2) cannot.
  disk.move(layout.at(path), saved);
  return `${path} was there: kept as ${join(basename(layout.saved), basename(saved))}`;
}

/** systemd reads units before it mounts anything: they must lie on the root file system. */
function ensureReadAtBoot({ layout }: Machine): void {
  if (statSync(layout.state).dev === statSync(layout.at("/")).dev) return;
  throw new ApplyError(
    `${layout.state} is on another file system than /: systemd could not read the accounts' units at boot; mount only /srv apart`,
  );
}
