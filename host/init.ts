import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { settleGenerations } from "./generations.ts";
import { fixedLinks } from "./layout.ts";
import { ApplyError, type Machine } from "./machine.ts";

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
  for (const [link, target] of Object.entries(fixedLinks)) {
    const path = layout.at(link);
    if (isLinkTo(path, target)) continue;
    if (lstatSync(path, { throwIfNoEntry: false })) done.push(save(machine, path, link));
    disk.makeDirectory(dirname(path));
    disk.symbolicLink(target, path);
    done.push(`${link} -> ${target}`);
  }
  const system = layout.at("/etc/systemd/system");
  const unit = join(system, "fairhost-recover.service");
  if (!existsSync(unit) || readFileSync(unit, "utf8") !== recoverUnit) {
    disk.makeDirectory(system);
    disk.replace(unit, recoverUnit, 0o644);
    done.push("installed fairhost-recover.service");
  }
  const wants: Record<string, string> = {
    "multi-user.target.wants/fairhost-recover.service": "../fairhost-recover.service",
    ...Object.fromEntries(masked.map((name) => [name, "/dev/null"])),
  };
  for (const [name, target] of Object.entries(wants)) {
    const path = join(system, name);
    if (isLinkTo(path, target)) continue;
    disk.makeDirectory(dirname(path));
    disk.remove(path);
    disk.symbolicLink(target, path);
    done.push(`${path} -> ${target}`);
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

function isLinkTo(path: string, target: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === target;
}

function save({ disk, layout }: Machine, path: string, link: string): string {
  disk.makeDirectory(layout.saved, 0o700);
  const name = link.slice(1).replaceAll("/", "-");
  let saved = join(layout.saved, name);
  for (let count = 2; lstatSync(saved, { throwIfNoEntry: false }); count++)
    saved = join(layout.saved, `${name}.${count}`);
  // Possibly another file system: then it is copied by `mv`, which rename(2) cannot.
  disk.move(path, saved);
  return `${link} was there: kept as ${join(basename(layout.saved), basename(saved))}`;
}

/** systemd reads units before it mounts anything: they must lie on the root file system. */
function ensureReadAtBoot({ layout }: Machine): void {
  if (statSync(layout.state).dev === statSync(layout.at("/")).dev) return;
  throw new ApplyError(
    `${layout.state} is on another file system than /: systemd could not read the accounts' units at boot; mount only /srv apart`,
  );
}
