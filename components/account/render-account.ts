import type { BundleAccount, BundleFile } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/unit-file.ts";
import type { AccountContainerInputs } from "../declaration.ts";
import { frontEndLogs, homeInside } from "./account-paths.ts";

/** systemd's own default and the plans': equal shares. Said once for all accounts, see {@link renderAccountDefaults}. */
const equalWeight = 100;

/** Identity and limits of one account: records for NSS, slice, directories. */
export function renderAccount(account: AccountContainerInputs): { files: BundleFile[]; account: BundleAccount } {
  return { files: [...renderRecords(account), ...renderSlice(account)], account: renderDirectories(account) };
}

/** What all accounts of a host have in common: one prefix drop-in instead of a thousand lines. */
export function renderAccountDefaults(): BundleFile[] {
  return [
    {
      path: "systemd/account-.slice.d/50-defaults.conf",
      content: unitFile({
        // Named, so that systemd turns the controllers on; OOMPolicy and the like belong to the services.
        Slice: {
          CPUWeight: `${equalWeight}`,
          IOWeight: `${equalWeight}`,
          MemoryAccounting: "yes",
          TasksAccounting: "yes",
        },
      }),
    },
  ];
}

/** User and group records (systemd's userdb, JSON): no password, no shell; nobody logs in to the host itself. */
function renderRecords(account: AccountContainerInputs): BundleFile[] {
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

/**
 * The slice with the plan's limits. Weights only when they differ: in a drop-in, because the prefix drop-in would win over
 * the unit's own file. No MemoryHigh: just under MemoryMax it delays the OOM killer by minutes.
 */
function renderSlice({ number, name, slice, limits }: AccountContainerInputs): BundleFile[] {
  const files: BundleFile[] = [
    {
      path: `systemd/${slice}`,
      content: unitFile({
        Unit: { Description: `Account ${number}, ${name}` },
        Slice: { MemoryMax: `${limits.memoryMaxMb}M`, TasksMax: `${limits.tasksMax}` },
      }),
    },
  ];
  if (limits.cpuWeight === equalWeight && limits.ioWeight === equalWeight) return files;
  const weights = unitFile({ Slice: { CPUWeight: `${limits.cpuWeight}`, IOWeight: `${limits.ioWeight}` } });
  return [...files, { path: `systemd/${slice}.d/60-plan.conf`, content: weights }];
}

/**
 * The account may write in its home alone, and even there not replace `admin`, on which its logs are mounted: the home is
 * root's with the sticky bit, the account writes through its group, whose only member it is. Root opens logs below
 * `admin/logs`, so only root may write there; the front end (www-data) has a directory of its own.
 */
function renderDirectories({ number, uid, gid, directory }: AccountContainerInputs): BundleAccount {
  const directories: BundleAccount["directories"] = [
    { path: ".", owner: "root", mode: 0o711 },
    { path: "admin", owner: "root", mode: 0o751 },
    { path: "admin/logs", owner: "root", mode: 0o2751 },
    { path: frontEndLogs, owner: "logs", mode: 0o2750 },
    { path: "home", owner: "root", mode: 0o1770 },
    { path: "home/admin", owner: "root", mode: 0o755 },
    { path: "home/www", owner: "account", mode: 0o750 },
  ];
  return { number, uid, gid, directory, directories };
}
