import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { descriptors, longestQueue } from "../http/front-end/connections.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";

/**
 * Connections that the kernel may remember: 32 for each MiB of memory, at about 400 bytes each 1.3 % of it, and at most a million, because
 * its hash table does not grow along. Only the host's own and
 * those with its routers count (components/network/render-nftables.ts), so no visitor fills the table; when it is full all the same,
 * new connections of the host fail until old ones end, and visitors and SSH do not notice.
 */
const connections = (memoryMb: number) => Math.min(memoryMb * 32, 2 ** 20);

/** Kernel parameters that separate accounts, and bounds of what they share. */
const sysctl = (
  memoryMb: number,
) => `# User namespaces are for systemd alone: they open most of the kernel's attack surface to whoever makes one.
kernel.unprivileged_userns_clone = 0
kernel.unprivileged_bpf_disabled = 1
kernel.yama.ptrace_scope = 2
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
# The core dump of an account's program, if it wants one, is a file of its own, within its quota; no program of root looks at it.
kernel.core_pattern = core
fs.suid_dumpable = 0
fs.protected_symlinks = 1
fs.protected_hardlinks = 1
fs.protected_fifos = 2
fs.protected_regular = 2
# No leases of files (fcntl(2), F_SETLEASE): whoever opened a file of an account, such as a backup, could be made to wait 45 seconds for each, again and again.
fs.leases-enable = 0
# Counters of the processor and page faults handled by a program: no program of an account needs them, many faults of the kernel did.
kernel.perf_event_paranoid = 3
vm.unprivileged_userfaultfd = 0
kernel.randomize_va_space = 2
# A kernel that has given up starts anew after ten seconds; keys at the console end the system in order.
kernel.panic = 10
kernel.ctrl-alt-del = 0
# Terminals: nobody but root loads a line discipline, often old code, and no program types into its parent's shell.
dev.tty.ldisc_autoload = 0
dev.tty.legacy_tiocsti = 0
# The kernel counts what accounts' programs watch as root's too, by the namespaces that systemd makes for them: 128 would be few for all together.
# Each takes memory of its own account, and that bounds them.
fs.inotify.max_user_instances = 1048576
fs.inotify.max_user_watches = 4194304
# When a queue of new connections is full, they go on by cookies instead of being dropped.
net.ipv4.tcp_syncookies = 1
# Routers are declared: no packet changes the way, of this host or of an account, whichever link it comes by, and none brings its own.
${declaredWays}# Neighbours that the kernel remembers. The network of an account has one for each address that it calls, and there is one table for all networks of
# a host: with the kernel's own 1024 the host would look for its routers again and again. Not in a container, whose table is the machine's.
-net.ipv4.neigh.default.gc_thresh1 = 8192
-net.ipv4.neigh.default.gc_thresh2 = 32768
-net.ipv4.neigh.default.gc_thresh3 = 65536
-net.ipv6.neigh.default.gc_thresh1 = 8192
-net.ipv6.neigh.default.gc_thresh2 = 32768
-net.ipv6.neigh.default.gc_thresh3 = 65536
# Sockets of accounts queue more than a thousand connections.
net.core.somaxconn = ${longestQueue}
# What the firewall remembers. The keys are there once it is loaded.
-net.netfilter.nf_conntrack_max = ${connections(memoryMb)}
-net.netfilter.nf_conntrack_tcp_timeout_time_wait = 30
# RFC 5382, REQ-5: at least 2 hours and 4 minutes.
-net.netfilter.nf_conntrack_tcp_timeout_established = 7440
# Between the accounts' networks and the outside; the firewall forwards nothing else.
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
`;

/** What keeps packets on the declared ways, on hosts and on routers. */
export const declaredWays = `net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.default.accept_source_route = 0
net.ipv6.conf.all.accept_source_route = 0
net.ipv6.conf.default.accept_source_route = 0
# Nobody is answered who asks all at once, in the name of a victim.
net.ipv4.icmp_echo_ignore_broadcasts = 1
net.ipv4.icmp_ignore_bogus_error_responses = 1
`;

/**
 * Bounds of the journal, on disk and in memory. Accounts cannot write to it, but each start and failure of their units is a line: a unit
 * that says more than the rate loses its own lines, the oldest of all go first.
 */
export const journalBounds = `[Journal]
SystemMaxUse=1G
SystemKeepFree=2G
RuntimeMaxUse=64M
MaxRetentionSec=90day
RateLimitIntervalSec=30s
RateLimitBurst=10000
`;

/**
 * What a host does for accounts outside of their slices: connections to their SSH, looks into backups, backups. systemd makes each
 * `fairhost-*.slice` a child of this one, and a weight counts among children of one parent alone: without this, the relays of all accounts together
 * would have as much of a busy processor as the host's own logins (`user.slice`), and so would backups, idle as they are in here.
 */
const forAccounts = { Unit: { Description: "Services for accounts" }, Slice: { CPUWeight: "20" } };

/** Starts Debian's daemons with the generation's configuration instead of the one in /etc. */
const daemons: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> = {
  nginx: {
    ExecStartPre: ["", `/usr/sbin/nginx -t -q -c ${currentGeneration}/nginx/nginx.conf`],
    ExecStart: ["", `/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf`],
    ExecReload: ["", `/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf -s reload`],
    Restart: "on-failure",
    LimitNOFILE: `${descriptors.frontEnd}`,
    OOMScoreAdjust: "-500",
    // Of its processes the kernel kills the one that uses most memory. nginx puts another in its place; by default systemd would end all web sites (systemd.service(5)).
    OOMPolicy: "continue",
  },
  bird: {
    ExecStartPre: ["", "/usr/lib/bird/prepare-environment", `/usr/sbin/bird -p -c ${currentGeneration}/bird/bird.conf`],
    ExecStart: ["", `/usr/sbin/bird -f -u $BIRD_RUN_USER -g $BIRD_RUN_GROUP -c ${currentGeneration}/bird/bird.conf`],
  },
  nftables: {
    ExecStart: ["", `/usr/sbin/nft -f ${currentGeneration}/nftables/fairhost.nft`],
    // At boot the parameters of what the rules load were not there yet when the others were set.
    ExecStartPost: "-/usr/lib/systemd/systemd-sysctl --prefix=/net/netfilter",
    ExecReload: ["", `/usr/sbin/nft -f ${currentGeneration}/nftables/fairhost.nft`],
    ExecStop: ["", "/usr/sbin/nft destroy table inet fairhost"],
  },
};

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  // SSH, the only way for deliveries.
  // A host whose SSH server moves is reached before and after, and behind a forward it has port 22.
  opens: ({ host: { sshPort = 22 } }) => [22, sshPort].map((port) => ({ protocol: "tcp", port, of: "host" })),
  ofHost: ({ host }) => renderHost(host),
};

/** The host's own settings: kernel parameters, bounds of the journal, start of the daemons, the target that starts the accounts' sockets after a boot. */
function renderHost({ capacity }: Pick<BareMetalHostInputs, "capacity">): {
  files: BundleFile[];
  units: BundleUnit[];
} {
  const target = "fairhost.target";
  const dropIns = Object.entries(daemons).map(([name, service]) => ({
    unit: `${name}.service`,
    path: `systemd/${name}.service.d/50-fairhost.conf`,
    content: unitFile({ Service: service }),
  }));
  return {
    files: [
      { path: "sysctl/60-fairhost.conf", content: sysctl(capacity.memoryMb) },
      { path: "journald/50-fairhost.conf", content: journalBounds },
      {
        path: `systemd/${target}`,
        content: unitFile({ Unit: { Description: "Accounts' sockets", After: "network.target" } }),
      },
      { path: `systemd/multi-user.target.wants/${target}`, link: `../${target}` },
      { path: "systemd/fairhost.slice", content: unitFile(forAccounts) },
      ...dropIns.map(({ path, content }) => ({ path, content })),
      ...dropIns.map(({ unit }) => ({
        path: `systemd/multi-user.target.wants/${unit}`,
        link: `/usr/lib/systemd/system/${unit}`,
      })),
    ],
    units: [
      { name: target, want: "start", restartOn: [] },
      ...dropIns.map(({ unit, path }) => ({ name: unit, want: "start" as const, restartOn: [path] })),
    ],
  };
}
