import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import type { Architecture } from "../../lib/architectures.ts";
import { unitFile } from "../../lib/unit-file.ts";

/** Bundle path of the sandbox. Services list it in `restartOn`: a change restarts them. */
export const sandboxFile = "systemd/account-.service.d/50-sandbox.conf";

/** Files of the host's /etc that programs need: names, certificates, time zone. None of them shows other accounts. */
const shownOfEtc = [
  "alternatives",
  "ca-certificates",
  "host.conf",
  "hosts",
  "ld.so.cache",
  "localtime",
  "mime.types",
  "nsswitch.conf",
  "perl",
  "protocols",
  "python3",
  "python3.13",
  "resolv.conf",
  "services",
  "ssl/certs",
  "ssl/openssl.cnf",
  "timezone",
];

/** Content of /sys. */
const shownBySys = [
  "block",
  "bus",
  "class",
  "dev",
  "devices",
  "firmware",
  "fs",
  "hypervisor",
  "kernel",
  "module",
  "power",
];

/** @system-service without system calls that web programs do not need and kernel exploits often use. */
const systemCalls = [
  "@system-service",
  "~@privileged @resources @mount @debug @obsolete @keyring @clock @module @raw-io @reboot @swap @cpu-emulation",
  "~bpf userfaultfd perf_event_open io_uring_enter io_uring_register io_uring_setup",
];

/**
 * The sandbox of every unit whose name begins with `account-`: a prefix drop-in (systemd.unit(5)), read after the unit's own
 * file, so no unit can weaken it. Settings that differ by account (user, slice, home) are in the unit.
 */
export function renderSandbox(architecture: Architecture): BundleFile[] {
  return [{ path: sandboxFile, content: unitFile({ Unit: startSettings, Service: sandboxSettings(architecture) }) }];
}

/** A failing program must never stop its socket permanently. */
const startSettings = { RequiresMountsFor: "/srv/accounts", StartLimitIntervalSec: "0" };

/**
 * Tells the account's log what only systemd knows, in one line (systemd.exec(5), $SERVICE_RESULT). The next connection starts a failed
 * service again, at once if one is waiting: so it pauses for a second, and for five after it had used all the memory.
 */
const afterStop = [
  'say() { echo "$(date +%%FT%%T%%z) fairhost: $*"; };',
  "case $SERVICE_RESULT in",
  "success) exit ;;",
  'oom-kill) say "killed, because the account had used all its memory"; sleep 4 ;;',
  'timeout) say "killed, because it had not ended 10 s after SIGTERM" ;;',
  'signal | core-dump) say "killed by SIG$EXIT_STATUS" ;;',
  "esac; sleep 1",
].join(" ");

const sandboxSettings = ({ rootLinks }: Architecture) => ({
  Type: "exec",
  ExecStopPost: `:/bin/sh -c '${afterStop}'`,
  // If the sandbox itself fails (a missing directory, no memory), ExecStopPost= cannot run: then the pause grows.
  RestartForceExitStatus: range(200, 245).join(" "),
  RestartSec: "1s",
  RestartSteps: "5",
  RestartMaxDelaySec: "60s",
  // SIGTERM for the main process only; remaining processes are killed after it has ended.
  KillMode: "mixed",
  TimeoutStopSec: "10s",
  OOMScoreAdjust: "500",
  UMask: "0027",
  // An empty root in memory. RootDirectory= or ProtectSystem= would replace it.
  TemporaryFileSystem: ["/:ro,mode=0755", "/dev/shm:size=16M,mode=1777"],
  // /sys itself cannot be hidden (systemd mounts it anyway), but its content can, above all the cgroups of other accounts.
  InaccessiblePaths: shownBySys.map((name) => `-/sys/${name}`).join(" "),
  MountAPIVFS: "yes",
  // Its file is in /sys, which is hidden.
  MemoryPressureWatch: "off",
  BindLogSockets: "no",
  BindReadOnlyPaths: [["/usr", ...rootLinks].join(" "), ...shownOfEtc.map((name) => `-/etc/${name}`)],
  PrivateTmp: "disconnected",
  PrivateUsers: "self",
  PrivatePIDs: "yes",
  PrivateIPC: "yes",
  PrivateNetwork: "yes",
  PrivateDevices: "yes",
  PrivateMounts: "yes",
  DevicePolicy: "closed",
  ProtectProc: "invisible",
  ProcSubset: "pid",
  ProtectHostname: "yes",
  ProtectClock: "yes",
  ProtectKernelTunables: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelLogs: "yes",
  ProtectControlGroups: "yes",
  NoNewPrivileges: "yes",
  CapabilityBoundingSet: "",
  AmbientCapabilities: "",
  RestrictNamespaces: "yes",
  RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6",
  RestrictSUIDSGID: "yes",
  RestrictRealtime: "yes",
  LockPersonality: "yes",
  RemoveIPC: "yes",
  KeyringMode: "private",
  SystemCallArchitectures: "native",
  SystemCallFilter: systemCalls,
  SystemCallErrorNumber: "EPERM",
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
