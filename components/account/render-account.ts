import type { BundleAccount, BundleFile } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/unit-file.ts";
import { architectureOf } from "../host/architecture.ts";
import { limitNames, limitOf } from "../plan/each-limit.ts";
import type { Element } from "../registry/kind.ts";
import type { Renderer } from "../registry/renderer.ts";
import { frontEndLogs, homeInside, logs } from "./account-paths.ts";
import { quotasOf } from "./quotas.ts";
import { renderSandbox } from "./render-sandbox.ts";

type Account = Element<"accounts">;

export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  ofHost: ({ host }) => ({ files: [...renderAccountDefaults(), ...renderSandbox(architectureOf(host))] }),
  ofAccount: ({ account }) => renderAccount(account),
};

/** Identity and limits of one account: records for NSS, slice, directories. */
export function renderAccount(account: Account): { files: BundleFile[]; account: BundleAccount } {
  return { files: [...renderRecords(account), ...renderSlice(account)], account: renderDirectories(account) };
}

/** Defaults of all accounts of a host: one prefix drop-in instead of a thousand lines. */
export function renderAccountDefaults(): BundleFile[] {
  return [
    {
      path: "systemd/account-.slice.d/50-defaults.conf",
      content: unitFile({
        // Named, so that systemd turns the controllers on; OOMPolicy and the like belong to the services.
        Slice: {
          ...Object.fromEntries(withDefault.map(({ slice, systemdDefault }) => slice!(systemdDefault!))),
          MemoryAccounting: "yes",
          TasksAccounting: "yes",
        },
      }),
    },
  ];
}

/** User and group records (systemd's userdb, JSON): without password and shell, because accounts do not log in to the host. */
function renderRecords(account: Account): BundleFile[] {
  const { user, uid, gid, name } = account;
  const userRecord = {
    userName: user,
    realName: name,
    uid,
    gid,
    homeDirectory: homeInside(account),
    shell: "/usr/sbin/nologin",
  };
  const groupRecord = { groupName: user, gid };
  return [
    { path: `userdb/${user}.user`, content: `${JSON.stringify(userRecord)}\n` },
    { path: `userdb/${uid}.user`, link: `${user}.user` },
    { path: `userdb/${user}.group`, content: `${JSON.stringify(groupRecord)}\n` },
    { path: `userdb/${gid}.group`, link: `${user}.group` },
  ];
}

/** Limits for which systemd has a default; {@link renderAccountDefaults} sets it once for all accounts. */
const withDefault = limitNames
  .map((name) => limitOf(name))
  .filter(({ systemdDefault }) => systemdDefault !== undefined);

/**
 * The slice with the plan's limits. Weights only when one differs from its default: in a drop-in, because the prefix drop-in
 * would win over the unit's own file. No MemoryHigh: just under MemoryMax it delays the OOM killer by minutes.
 */
function renderSlice({ number, name, slice, limits }: Account): BundleFile[] {
  const directives = (hasDefault: boolean) =>
    Object.fromEntries(
      limitNames.flatMap((limit) => {
        const { slice: write, systemdDefault } = limitOf(limit);
        return write && (systemdDefault !== undefined) === hasDefault ? [write(limits[limit])] : [];
      }),
    );
  const files: BundleFile[] = [
    {
      path: `systemd/${slice}`,
      content: unitFile({ Unit: { Description: `Account ${number}, ${name}` }, Slice: directives(false) }),
    },
  ];
  if (limitNames.every((limit) => [undefined, limits[limit]].includes(limitOf(limit).systemdDefault))) return files;
  return [...files, { path: `systemd/${slice}.d/60-plan.conf`, content: unitFile({ Slice: directives(true) }) }];
}

/**
 * The account can write only in its home, and cannot replace `admin` there, on which its logs are mounted: root owns the home,
 * with the sticky bit, and the account writes through its group, of which it is the only member. Root opens logs below
 * `admin/logs`, so only root can write there; the front end (www-data) has its own directory.
 */
function renderDirectories(account: Account): BundleAccount {
  const { number, uid, gid, directory } = account;
  const directories: BundleAccount["directories"] = [
    { path: ".", owner: "root", mode: 0o711 },
    { path: "admin", owner: "root", mode: 0o751 },
    { path: logs, owner: "root", mode: 0o2751 },
    { path: frontEndLogs, owner: "logs", mode: 0o2750 },
    { path: "home", owner: "root", mode: 0o1770 },
    { path: "home/admin", owner: "root", mode: 0o755 },
    { path: "home/www", owner: "account", mode: 0o750 },
  ];
  return { number, uid, gid, directory, directories, quotas: quotasOf(account) };
}
