import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import type { Architecture } from "../../../lib/architectures.ts";
import { unitFile } from "../../../lib/systemd/unit-file.ts";
import { networkFiles } from "../../account-network/render-account-network.ts";
import type { Hostless } from "../../registry/kind.ts";
import { mountsFile } from "../account-paths.ts";
import { netlinkFilter, netlinkFilterFile } from "./netlink-filter.ts";
import { commonScript } from "./own-program.ts";
import { ended } from "./render-ended.ts";
import { emptySys, hidden, lastHidden, view, viewUnit } from "./render-view.ts";

const sandboxFile = "systemd/account-.service.d/50-sandbox.conf";

/** Bundle paths of an account's sandbox, its mounts, its network and what runs programs in it. Services list them in `restartOn`: a change restarts them. */
export function sandboxFiles(account: Hostless<"accounts">): string[] {
  return [sandboxFile, netlinkFilterFile, ...networkFiles, commonScript, mountsFile(account)];
}

/** Files of /proc that {@link viewUnit} makes. */
const replacedOfProc = ["cgroups", "cpuinfo", "loadavg", "stat"];

/**
 * @system-service without system calls that web programs do not need and kernel exploits often use, and then those of them that ordinary
 * programs were seen to call (strace of Node.js, numpy, ZeroMQ, the JVM, Go, Ruby, PHP, Erlang, Caddy, tar, cp). None of these reaches another
 * account: without capabilities the kernel allows them on one's own processes and files only, and the account's weights have the last word.
 */
const systemCalls = [
  "@system-service",
  "~@privileged @resources @mount @debug @obsolete @keyring @clock @module @raw-io @reboot @swap @cpu-emulation",
  "~bpf userfaultfd perf_event_open io_uring_enter io_uring_register io_uring_setup",
  // ZeroMQ sets the scheduling policy that its threads have, and aborts if it may not. RestrictRealtime= refuses the real-time policies.
  "sched_setscheduler sched_setparam",
  // Threads bound to CPUs: OpenMP, taskset(1). The other CPUs stay free, and on these the account has its share.
  "sched_setaffinity",
  // Lower priority among the account's own processes: Ruby, nice(1), ionice(1).
  "setpriority ioprio_set",
  // Lower limits for children; prlimit64 is in @system-service and does the same.
  "setrlimit",
  // The owner that a file already has, or one of one's own ids: cp, tar, SQLite, Go.
  "@chown",
  // The ids and capabilities that one already has, which are no capabilities: PHP-FPM, setpriv(1), servers that give up rights.
  "@setuid capset",
];

/**
 * The sandbox of every unit whose name begins with `account-`: a prefix drop-in (systemd.unit(5)), read after the unit's own
 * file, so no unit can weaken it. Settings that differ by account (user, slice, home) are in the unit.
 */
export function renderSandbox(architecture: Architecture): BundleFile[] {
  return [
    { path: sandboxFile, content: unitFile({ Unit: startSettings, Service: sandboxSettings(architecture) }) },
    { path: netlinkFilterFile, content: netlinkFilter(architecture) },
  ];
}

/**
 * A failing program must never stop its socket permanently. The next connection starts a failed service again, at once if one is waiting: that start
 * waits until the unit of {@link ended} has.
 */
const startSettings = {
  RequiresMountsFor: "/srv/accounts",
  StartLimitIntervalSec: "0",
  Wants: viewUnit,
  After: `${viewUnit} ${ended}%N.service`,
  OnFailure: `${ended}%N.service`,
};

const sandboxSettings = ({ rootLinks }: Architecture) => ({
  // Never `exec`: of a main process that it takes for another's child (see SuccessExitStatus=), systemd 257 keeps the descriptor that tells it of the
  // exec. The next start then fails an assertion, and PID 1 of the host freezes (decision 37).
  Type: "simple",
  // If the sandbox itself fails (a missing directory, no memory), the pause grows.
  RestartForceExitStatus: range(200, 245).join(" "),
  RestartSec: "1s",
  RestartSteps: "5",
  RestartMaxDelaySec: "60s",
  // SIGTERM for the main process only; remaining processes are killed after it has ended.
  KillMode: "mixed",
  TimeoutStopSec: "10s",
  // With PrivatePIDs= systemd 257 takes the main process for another's child when it hears of it before the process that has made it is gone (1 of
  // 20 starts on a busy host; fixed in 258): a stop sends SIGKILL right after SIGTERM. That is no failure, and a daemon-reload, as each deploy
  // makes one before it restarts units, puts it right (decision 37). Of memory and of time the results are others.
  SuccessExitStatus: "SIGKILL",
  OOMScoreAdjust: "500",
  // Logs are root's and the account's group reads them: systemd makes them by this mask too.
  UMask: "0027",
  // Not the host's: programs would print, sort and name files differently from host to host.
  Environment: "LANG=C.UTF-8",
  // An empty root in memory. RootDirectory= or ProtectSystem= would replace it.
  TemporaryFileSystem: [
    "/:ro,mode=0755",
    "/dev/shm:size=16M,mode=1777",
    // In the directory that all accounts see, the names of their own records would show.
    "/etc/userdb:ro,mode=0755",
  ],
  // Neither InaccessiblePaths= nor BindReadOnlyPaths=, for each of which systemd reads its table of mounts twice more to make it read-only: root owns
  // all of these, and nobody else can write to them. One in the place of /sys takes the place of systemd's own and of ten others.
  BindPaths: [
    `${emptySys}:/sys`,
    ...replacedOfProc.map((name) => `${view}/proc/${name}:/proc/${name}`),
    ...hidden.map((path) => `${path === lastHidden ? "" : "-"}${view}/hidden${path}:${path}`),
  ],
  MountAPIVFS: "yes",
  // It would have to write below /sys/fs/cgroup.
  MemoryPressureWatch: "off",
  BindLogSockets: "no",
  BindReadOnlyPaths: [["/usr", ...rootLinks].join(" "), `${view}/etc:/etc`],
  // The root has nothing else of what it makes read-only. `strict` would replace the root.
  ProtectSystem: "full",
  PrivateTmp: "disconnected",
  PrivateUsers: "self",
  PrivatePIDs: "yes",
  PrivateIPC: "yes",
  PrivateNetwork: "yes",
  PrivateDevices: "yes",
  PrivateMounts: "yes",
  DevicePolicy: "closed",
  ProtectProc: "invisible",
  // `pid` would leave no place for the files about CPUs and memory that runtimes read.
  ProcSubset: "all",
  ProtectHome: "tmpfs",
  ProtectHostname: "yes",
  ProtectClock: "yes",
  ProtectKernelTunables: "yes",
  ProtectKernelModules: "yes",
  ProtectKernelLogs: "yes",
  // /sys/fs/cgroup shows the unit's own group alone: runtimes find the account's limits there.
  ProtectControlGroups: "strict",
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
