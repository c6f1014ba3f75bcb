import { type BundleAccount, type BundleFile, configuration } from "../../delivery/protocol/bundle.ts";
import { heldAccounts, restoringAccounts } from "../../delivery/protocol/moving.ts";
import { once } from "../../lib/once.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { architectureOf } from "../host/hardware/architecture.ts";
import type { ServerKind } from "../http/kinds/server.ts";
import { servers } from "../http/kinds/servers.generated.ts";
import { limitNames, limitOf } from "../plan/each-limit.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { frontEndLogs, homeInside, logs, memoryFile } from "./account-paths.ts";
import { quotasOf } from "./quotas.ts";
import { commonScriptFile } from "./sandbox/own-program.ts";
import { renderEnded } from "./sandbox/render-ended.ts";
import { renderSandbox } from "./sandbox/render-sandbox.ts";
import { memoryInformation, renderView } from "./sandbox/render-view.ts";

type Account = Hostless<"accounts">;

/** Packages of every host that accounts may use, or that serve for them. */
const everyRuntime = [
  ...["ca-certificates", "media-types", "netbase", "nodejs", "python3"],
  ...Object.values<ServerKind>(servers).flatMap(({ packages = [] }) => packages),
];

export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  whileSuspended: true,
  ofHost: ({ host }) => {
    const [view, ended] = [renderView([...everyRuntime, ...host.runtimes]), renderEnded()];
    const own = [...renderAccountDefaults(), ...renderSandbox(architectureOf(host)), commonScriptFile()];
    return { files: [...own, ...ended.files, ...view.files], units: [...ended.units, ...view.units] };
  },
  ofAccount: ({ account }) => renderAccount(account),
};

/** Identity and limits of one account: records for NSS, slice, directories. */
export function renderAccount(account: Account): { files: BundleFile[]; account: BundleAccount } {
  const files = [...renderRecords(account, "userdb"), ...renderSlice(account), ...renderLimitsInside(account)];
  return { files, account: renderDirectories(account) };
}

/** Defaults of all accounts of a host: one prefix drop-in instead of a thousand lines. */
function renderAccountDefaults(): BundleFile[] {
  return [
    {
      path: "systemd/account-.slice.d/50-defaults.conf",
      content: unitFile({
        // Nothing of a held account starts (host/store/moving.ts).
        Unit: { AssertPathExists: [`|!${heldAccounts}/%j`, `|${restoringAccounts}/%j`] },
        // Named, so that systemd turns the controllers on; OOMPolicy and the like belong to the services.
        Slice: {
          ...Object.fromEntries(withDefault.map(({ slice, sliceDefault }) => slice!(sliceDefault!))),
          MemoryAccounting: "yes",
          TasksAccounting: "yes",
        },
      }),
    },
  ];
}

/**
 * User and group records (systemd's userdb, JSON): without password and shell, because accounts do not log in to the host.
 * @param folder bundle path
 */
export function renderRecords(account: Account, folder: string): BundleFile[] {
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
    { path: `${folder}/${user}.user`, content: `${JSON.stringify(userRecord)}\n` },
    { path: `${folder}/${uid}.user`, link: `${user}.user` },
    { path: `${folder}/${user}.group`, content: `${JSON.stringify(groupRecord)}\n` },
    { path: `${folder}/${gid}.group`, link: `${user}.group` },
  ];
}

/** Limits with a usual value: {@link renderAccountDefaults} sets it once for all accounts. */
const withDefault = limitNames
  .map((name) => ({ ...limitOf(name), name }))
  .filter(({ sliceDefault }) => sliceDefault !== undefined);

/** Limits that a slice has directives of, and whether they have a usual value. */
const written = limitNames.flatMap((limit) => {
  const { slice, sliceDefault } = limitOf(limit);
  return slice ? { limit, slice, usual: sliceDefault !== undefined } : [];
});

type Directives = (limits: Account["limits"]) => Readonly<Record<string, string>>;

/** Directives of the limits that have a usual value, or of those that have none. Most accounts have the same limits: those of their plan. */
const [usualOnes, unusualOnes] = [true, false].map((hasDefault) =>
  once(
    (limits: Account["limits"]): Readonly<Record<string, string>> =>
      Object.fromEntries(
        written.flatMap(({ limit, slice, usual }) => (usual === hasDefault ? [slice(limits[limit])] : [])),
      ),
  ),
) as [Directives, Directives];

/** Directives of the limits that are of each unit by itself. */
const ofEachUnit: Directives = once((limits) =>
  Object.fromEntries(
    limitNames.flatMap((limit) => {
      const directive = limitOf(limit).service?.(limits[limit]);
      return directive ? [directive] : [];
    }),
  ),
);

/**
 * The slice with the plan's limits. Weights only when one differs from its default: in a drop-in, because the prefix drop-in
 * would win over the unit's own file. No MemoryHigh: just under MemoryMax it delays the OOM killer by minutes.
 */
function renderSlice(account: Account): BundleFile[] {
  const { number, name, slice, limits } = account;
  const files: BundleFile[] = [
    {
      path: `systemd/${slice}`,
      content: unitFile({ Unit: { Description: `Account ${number}, ${name}` }, Slice: unusualOnes(account.limits) }),
    },
  ];
  if (withDefault.every(({ name, sliceDefault }) => limits[name] === sliceDefault)) return files;
  return [
    ...files,
    { path: `systemd/${slice}.d/60-plan.conf`, content: unitFile({ Slice: usualOnes(account.limits) }) },
  ];
}

/**
 * The limits where the account's programs look for them. A sandbox shows a unit's own control group, so each unit of the account has
 * the slice's limits too: in a drop-in for all of them, because a changed limit takes effect without a restart.
 */
function renderLimitsInside(account: Account): BundleFile[] {
  return [
    {
      path: `systemd/account-${account.number}-.service.d/50-limits.conf`,
      content: unitFile({ Service: { ...unusualOnes(account.limits), ...ofEachUnit(account.limits) } }),
    },
    { path: memoryFile(account), content: memoryInformation(account.limits.memoryMaxMb) },
  ];
}

const directories: BundleAccount["directories"] = [
  { path: ".", owner: "root", mode: 0o711 },
  { path: "admin", owner: "root", mode: 0o751 },
  { path: configuration, owner: "root", mode: 0o2750 },
  { path: logs, owner: "root", mode: 0o2751 },
  { path: frontEndLogs, owner: "logs", mode: 0o2750 },
  { path: "home", owner: "account", mode: 0o750 },
  { path: "lib", owner: "account", mode: 0o750 },
  { path: "home/admin", owner: "root", mode: 0o755 },
  { path: "home/www", owner: "account", mode: 0o750 },
];

/**
 * The account can write only in its home, which it owns: archives set mode and times of the directory they are unpacked in. On `home/admin`
 * its logs are mounted, so no program in a sandbox can move or remove that; every way into an account must mount it. Root opens logs below
 * `admin/logs`, beside the home and `lib` (the account's own /var/lib), where only root can write; the front end (www-data) has its own directory.
 */
function renderDirectories(account: Account): BundleAccount {
  const { number, uid, gid, directory } = account;
  return { number, uid, gid, directory, directories, quotas: quotasOf(account) };
}
