import {
  askingUser,
  backupPort,
  type KeptRecord,
  keptRecords,
  repositoriesDirectory,
  standbyLinks,
} from "../../delivery/protocol/backups.ts";
import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { sortBy } from "../../lib/lists.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { subnetZero } from "../declaring.ts";
import { confined } from "../host/units/confined.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { DeclaredHost, Part, Renderer } from "../registry/bundle/renderer.ts";
import type { Element } from "../registry/kind.ts";
import { askingKeys, plainHost, plainKey, renderAnswers } from "./answers.ts";

const service = "fairhost-repositories.service";
const configuration = "repositories/sshd.conf";
const script = "repositories/serve";
const copyScript = "repositories/serve-copy";
const inForce = (path: string) => `${currentGeneration}/${path}`;

/** What a host with `role: backup` has for the hosts and accounts whose backups it keeps. */
export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  opens: ({ host }) => (host.role === "backup" ? [{ protocol: "tcp", port: backupPort, of: "host" }] : []),
  ofHost: (on) => (on.host.role === "backup" ? renderRepositories(on) : { files: [] }),
  ofKept: renderKept,
};

/**
 * An account on a backup host: a user of its own, so that the kernel keeps the repositories of accounts apart, with a disk limit. Its host
 * comes with the key by which SSH knows it (`known_hosts` of the inventory), so there is no secret to hand out.
 */
function renderKept(account: Element<"accounts">): Part {
  const { number, user, uid, gid, directory, host, standby, backup, limits } = account;
  const record: KeptRecord = { account: number, retentionDays: backup!.retentionDays };
  // Not its directory: whatever a host puts there, no login reads it (~/.ssh).
  const userRecord = { userName: user, uid, gid, homeDirectory: "/", shell: "/bin/sh" };
  // Without a password that nothing matches, the user counts as locked, for keys too.
  const privileged = { privileged: { hashedPassword: ["*"] } };
  const json = (value: unknown) => `${JSON.stringify(value)}\n`;
  return {
    files: [
      { path: `${keptRecords}${number}`, content: json(record) },
      { path: `repositories/keys/${user}`, link: `../hosts/${plainHost(host)}` },
      ...(standby === undefined ? [] : [{ path: `${standbyLinks}${user}`, link: `../copying/${plainHost(standby)}` }]),
      { path: `userdb/${user}.user`, content: json(userRecord) },
      { path: `userdb/${user}.user-privileged`, content: json(privileged) },
      { path: `userdb/${uid}.user`, link: `${user}.user` },
      { path: `userdb/${user}.group`, content: json({ groupName: user, gid }) },
      { path: `userdb/${gid}.group`, link: `${user}.group` },
    ],
    account: {
      ...{ number, uid, gid, directory },
      directories: [
        { path: ".", owner: "root", mode: 0o711 },
        { path: repositoriesDirectory, owner: "account", mode: 0o700 },
      ],
      quotas: [{ path: ".", project: number, bytes: limits.diskGb * 1e9 * times, inodes: 1_000_000 }],
    },
  };
}

/**
 * How much of the account's own disk limit its repositories may take. For as long as its retention, a new one each time, files are kept
 * twice; what changes meanwhile is kept beside them. When it is full, backups fail, which `inspect` says, and what is there stays.
 */
const times = 4;

function renderRepositories({ declaration }: DeclaredHost): { files: BundleFile[]; units: BundleUnit[] } {
  const hosts = sortBy(
    declaration.hosts.filter(({ role }) => role !== "backup"),
    ({ name }) => name,
  );
  const pathOfService = `systemd/${service}`;
  return {
    files: [
      { path: configuration, content: sshdConfiguration(declaration.sites.map(subnetZero).toSorted()) },
      { path: script, content: ownText(import.meta.dirname, "serve.sh"), mode: 0o755 },
      { path: copyScript, content: ownText(import.meta.dirname, "serve-copy.sh"), mode: 0o755 },
      ...hosts.flatMap(({ name, ssh, lost }) => [
        { path: `repositories/hosts/${plainHost(name)}`, content: keyFor(script, ssh?.hostKey) },
        // A lost host fetches nothing: somebody else may have it now.
        {
          path: `repositories/copying/${plainHost(name)}`,
          content: keyFor(copyScript, lost === undefined ? ssh?.hostKey : undefined),
        },
      ]),
      { path: pathOfService, content: unitFile(server) },
      { path: `systemd/multi-user.target.wants/${service}`, link: `../${service}` },
      ...renderAnswers(declaration),
      ...tidy.files,
    ],
    units: [{ name: service, want: "start", restartOn: [pathOfService, configuration] }, ...tidy.units],
  };
}

/** authorized_keys(5): the key of a host, and the only command that it may run. Without a key nobody may. */
function keyFor(command: string, key: string | undefined): string {
  return key === undefined ? "" : `restrict,command="/bin/sh ${inForce(command)}" ${plainKey(key)}\n`;
}

const tidy = timedService("fairhost-expire-backups", {
  description: "Removes backups whose time is over",
  service: {
    ExecStart: "/usr/local/sbin/fairhost-host expire-backups",
    Nice: "19",
    CPUWeight: "idle",
    IOWeight: "1",
    TimeoutStartSec: "20h",
    ...confined,
    ReadWritePaths: "/srv/accounts /run/fairhost /var/lib/fairhost",
    RuntimeDirectory: "fairhost",
    RuntimeDirectoryMode: "0700",
    RuntimeDirectoryPreserve: "yes",
    PrivateNetwork: "yes",
  },
  timer: { OnCalendar: "daily", RandomizedDelaySec: "4h", FixedRandomDelay: "yes", Persistent: "yes" },
});

/** An SSH server of its own: the one that the controller uses is not touched, and a host's connection cannot become a login. */
const server = {
  Unit: { Description: "Repositories of backups", RequiresMountsFor: "/srv/accounts", StartLimitIntervalSec: "0" },
  Service: {
    ExecStart: `/usr/sbin/sshd -D -e -f ${inForce(configuration)}`,
    Restart: "always",
    RestartSec: "1s",
    RestartSteps: "5",
    RestartMaxDelaySec: "60s",
    RuntimeDirectory: "sshd",
    RuntimeDirectoryMode: "0755",
    // The other SSH server has it too.
    RuntimeDirectoryPreserve: "yes",
    MemoryMax: "60%",
    TasksMax: "4000",
    ...confined,
    ReadWritePaths: "/srv/accounts",
    ProtectProc: "invisible",
    ProtectClock: "yes",
    ProtectHostname: "yes",
    ProtectKernelLogs: "yes",
    CapabilityBoundingSet: "CAP_SETUID CAP_SETGID CAP_SYS_CHROOT CAP_KILL CAP_DAC_READ_SEARCH",
    RestrictAddressFamilies: "AF_INET6 AF_UNIX",
    RestrictSUIDSGID: "yes",
    RestrictRealtime: "yes",
    LockPersonality: "yes",
    SystemCallArchitectures: "native",
  },
};

/** sshd_config(5): keys alone, each with its one command, nothing forwarded. @param infrastructure ranges of hosts */
function sshdConfiguration(infrastructure: readonly string[]): string {
  const settings: readonly (readonly [string, string])[] = [
    ["Port", `${backupPort}`],
    ["AddressFamily", "inet6"],
    ...["ed25519", "ecdsa", "rsa"].map((type) => ["HostKey", `/etc/ssh/ssh_host_${type}_key`] as const),
    ["UsePAM", "no"],
    // The account's host, and its standby, which may only read.
    ["AuthorizedKeysFile", `${inForce("repositories/keys/%u")} ${inForce("repositories/standbys/%u")}`],
    // Each of these files is a symlink to the key of a host.
    ["StrictModes", "no"],
    ["PermitRootLogin", "no"],
    ["AuthenticationMethods", "publickey"],
    ["PasswordAuthentication", "no"],
    ["KbdInteractiveAuthentication", "no"],
    ["DisableForwarding", "yes"],
    ["PermitTTY", "no"],
    ["PermitUserRC", "no"],
    ["MaxSessions", "1"],
    ["LoginGraceTime", "30"],
    ["MaxStartups", "50:30:200"],
    // Who is no host: whoever has one address of a /64 has them all. Hosts of a site may share one, and have no penalties.
    ["PerSourceNetBlockSize", "32:64"],
    // An account that has just moved must not keep its old host from bringing the others.
    ...(infrastructure.length > 0 ? [["PerSourcePenaltyExemptList", infrastructure.join(",")] as const] : []),
    // A host that is gone is noticed after three minutes; traffic, and answers of one that computes, keep the connection.
    ["ClientAliveInterval", "60"],
    ["ClientAliveCountMax", "3"],
    ["PrintMotd", "no"],
    ["PrintLastLog", "no"],
    ["PidFile", "none"],
    // Hosts that ask about themselves.
    ["Match", `User ${askingUser}`],
    ["AuthorizedKeysFile", inForce(askingKeys)],
  ];
  return `${settings.map((setting) => setting.join(" ")).join("\n")}\n`;
}
