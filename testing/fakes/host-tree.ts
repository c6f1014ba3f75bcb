import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bundle, BundleFile, BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import type { Machine, Run } from "../../host/os/machine.ts";
import { machine as machineAt } from "../../host/os/machine.ts";
import { Disk, type Observer } from "../../host/store/disk.ts";

/** A directory tree that stands for a host. Removed at the end of its `using` block. */
export class Tree implements Disposable {
  // In memory where possible: the tests fsync thousands of times.
  readonly root: string = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "fairhost-applier-"));

  at(path: string): string {
    return join(this.root, path);
  }

  /** A machine on this tree. */
  machine(options: { observe?: Observer; run?: Run; live?: boolean; space?: Machine["space"] } = {}): Machine & {
    said: string[];
  } {
    const said: string[] = [];
    const machine = machineAt(this.root, (line) => said.push(line));
    return {
      ...machine,
      disk: new Disk(options.observe),
      live: options.live ?? false,
      run: options.run ?? machine.run,
      space: options.space ?? machine.space,
      said,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** One account's group: slice, socket, service and records. `content` goes into the service. */
export function accountGroup(number: number, content = "one", more: readonly BundleFile[] = []): BundleGroup {
  const [slice, unit, id] = [`account-${number}.slice`, `account-${number}-http-blog`, 200_000 + number];
  const directory = `/srv/accounts/${number}`;
  return sealGroup({
    files: [
      { path: `systemd/${slice}`, content: `[Unit]\nDescription=Account ${number}\n` },
      { path: `systemd/${unit}.socket`, content: `[Socket]\nListenStream=[::1]:${20_000 + number}\n` },
      {
        path: `systemd/${unit}.service`,
        content: `[Unit]\nDescription=${content}\n[Service]\nSlice=${slice}\nExecStart=/usr/bin/sleep infinity\n`,
      },
      { path: `systemd/fairhost.target.wants/${unit}.socket`, link: `../${unit}.socket` },
      { path: `userdb/a${number}.user`, content: `{"userName":"a${number}","uid":${id},"gid":${id}}\n` },
      ...more,
    ],
    units: [
      { name: `${unit}.socket`, want: "start", restartOn: [`systemd/${unit}.socket`] },
      { name: `${unit}.service`, want: "on-demand", restartOn: [`systemd/${unit}.service`, `systemd/${unit}.socket`] },
    ],
    account: {
      number,
      uid: id,
      gid: id,
      directory,
      directories: [
        { path: ".", owner: "root", mode: 0o711 },
        { path: "admin", owner: "root", mode: 0o751 },
        { path: "admin/config", owner: "root", mode: 0o2750 },
        { path: "home", owner: "account", mode: 0o750 },
        { path: "home/www", owner: "account", mode: 0o750 },
      ],
    },
  });
}

export function hostGroup(content = "one", more: readonly BundleFile[] = []): BundleGroup {
  return sealGroup({
    files: [
      { path: "systemd/fairhost.target", content: `[Unit]\nDescription=${content}\n` },
      { path: "systemd/account-.service.d/50-sandbox.conf", content: "[Service]\nNoNewPrivileges=yes\n" },
      ...more,
    ],
    units: [{ name: "fairhost.target", want: "start", restartOn: ["systemd/fairhost.target"] }],
  });
}

/** A bundle for the host `web1`: the given accounts by number, and the host's own group. */
export function bundleOf(accounts: Readonly<Record<number, BundleGroup>>, host: BundleGroup = hostGroup()): Bundle {
  const groups: Partial<Record<Group, BundleGroup>> = { host };
  for (const [number, group] of Object.entries(accounts)) groups[`account-${Number(number)}`] = group;
  return sealBundle("web1", groups);
}

export const secret = { master: Buffer.alloc(32, 7), epoch: 1 };
