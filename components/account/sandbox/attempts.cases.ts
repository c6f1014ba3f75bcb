import type { Check } from "./kernel-view.cases.ts";

/** What a hostile account (666, mallory) tries against its neighbour (1, alice) and its host, and the same on what is its own, which must work. */
export interface Attempt {
  readonly what: string;
  readonly check: Check;
  /** The allowed twin: without it, a refusal could be a mistake of the attempt. */
  readonly twin: Check;
  /** How it may be refused, besides as one without the right to. */
  readonly errors: readonly string[];
}

const absent = ["ENOENT", "ENOTDIR"];
const readOnly = ["EROFS", ...absent];
const unreachable = ["ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH"];

const home = "/home/mallory";

const alice = "fd00:8000:0:1::1";
const host = "fd00:8000::11";

/** Files that a program of the hostile account may have open at most: fewer than a container gives to all that is in it. */
export const openFiles = 10_000;

/** Where a process of the host, and one of the neighbour, really listen, for anybody, over TCP and UDP: attempts.it.test.ts. */
export const listening = { host: 9000, loopback: 9001, neighbour: 9002 } as const;

/** Attempts of one check with one twin. */
const each = (
  check: string,
  twin: Check,
  errors: readonly string[],
  tries: Readonly<Record<string, string>>,
): Attempt[] => Object.entries(tries).map(([what, argument]) => ({ what, check: [check, argument], twin, errors }));

/** System calls by number on x86-64, with arguments that are wrong: let through, they would fail in another way than without the right. */
const calls = {
  "load a module": "175 0 0 0",
  "load a kernel": "246 0 0 0 0",
  "restart the machine": "169 0 0 0 0",
  "swap to a file": "167 0 0",
  "set the clock": "227 0 0",
  "name the host": "170 0 4096",
  "account for processes": "163 0",
  "measure all of the machine": "298 0 -1 0 -1 0",
  "handle faults of the kernel": "323 0",
  "open a file by its handle": "304 -1 0 0",
  "take the root away": "155 0 0",
  "use ports of the machine": "173 0 1 1",
  "trace another process": "101 16 1 0 0",
  "load a program into the kernel": "321 0 0 0",
  "queue work for the kernel": "425 1 0",
  "read a key": "250 0 -3 0",
  "add a key": "248 0 0 0 0 -3",
  "join another's namespace": "308 -1 0",
  "make a user namespace": "272 268435456",
  "make a mount namespace": "272 131072",
  "make a network namespace": "272 1073741824",
  "look at the kernel's messages": "103 3 0 0",
  "watch all of a file system": "300 4 0",
} as const;

export const attempts: readonly Attempt[] = [
  ...each("list", ["list", home], absent, {
    "its neighbour's directory": "/srv/accounts/1",
    "its neighbour's home": "/home/alice",
    "its neighbour's logs": "/srv/accounts/1/admin/logs",
    "which accounts there are": "/srv/accounts",
    "the host's secrets": "/var/lib/fairhost/secrets",
    "what is backed up": "/var/lib/fairhost/backup",
    "the host's databases": "/srv/accounts/databases",
    "the configuration of the front end": "/etc/nginx",
    "the host's devices": "/sys/class",
  }),
  ...each("read", ["read", "/proc/self/environ"], absent, {
    "its neighbour's file": "/srv/accounts/1/home/private",
    "its neighbour's environment": "/proc/NEIGHBOUR/environ",
    "the init process's environment": "/proc/1/root/etc/shadow",
    "the host's passwords": "/etc/shadow",
    "the host's key": "/etc/ssh/ssh_host_ed25519_key",
    "the kernel's memory": "/proc/kcore",
    "a file that anybody may read in the host's /tmp": "/tmp/open",
    "one in its /var/tmp": "/var/tmp/open",
    "one in its /dev/shm": "/dev/shm/open",
    "its neighbour's file through its neighbour's root": "/proc/NEIGHBOUR/root/home/alice/private",
    "where the front end has its memory": "/proc/FRONT END/maps",
  }),
  ...each("write", ["write", `${home}/own`], readOnly, {
    "into the system": "/usr/x",
    "into the configuration": "/etc/cron.d/x",
    "among the logs": `${home}/admin/logs/x`,
    "into its control group": "/sys/fs/cgroup/cgroup.procs",
    "a setting of the kernel": "/proc/sys/kernel/core_pattern",
    "to the kernel's keys": "/proc/sysrq-trigger",
  }),
  ...each("open for writing", ["open for writing", `${home}/own`], readOnly, {
    "a disk": "/dev/vda",
    "the host's memory": "/dev/mem",
    "the network's devices": "/dev/net/tun",
    "file systems of its own": "/dev/fuse",
  }),
  ...each("link", ["link", `${home}/own`], ["EXDEV", ...absent], {
    "a system's file into its home": "/usr/bin/su",
    "its own log into its home": `${home}/admin/logs/http-shell.log`,
  }),
  ...each("unix", ["abstract", "own"], ["ECONNREFUSED", ...absent], {
    systemd: "/run/systemd/private",
    "the system's bus": "/run/dbus/system_bus_socket",
    logins: "/run/systemd/io.systemd.Login",
    "names of users": "/run/systemd/userdb/io.systemd.DropIn",
    "the journal": "/run/systemd/journal/socket",
    "its neighbour's server": "/run/fairhost-http/account-1-http-shell",
    "its own server past the front end": "/run/fairhost-http/account-666-http-shell",
    PostgreSQL: "/run/postgresql/.s.PGSQL.5432",
    MariaDB: "/run/fairhost-mariadb/mysqld.sock",
    "a socket of the host's for everybody": "/run/open.sock",
  }),
  ...each("abstract", ["abstract", "own"], ["ECONNREFUSED"], {
    "a socket that its neighbour named": "alice",
    "a socket that the host named": "host",
  }),
  ...each("shared memory", ["shared memory", "0"], absent, {
    "memory that its neighbour shares": "4711",
    "memory that the host shares": "4712",
  }),
  ...each("messages", ["messages", "0"], absent, {
    "messages that its neighbour queues": "4711",
    "messages that the host queues": "4712",
  }),
  ...each("semaphores", ["semaphores", "0"], absent, {
    "semaphores of its neighbour": "4711",
    "semaphores of the host": "4712",
  }),
  ...each("queue", ["queue", "/own"], absent, {
    "a queue that its neighbour named": "/alice",
    "a queue that the host named": "/host",
  }),
  ...each("pidfd", ["pidfd", "0"], ["ESRCH"], { "a handle of its neighbour's process": "NEIGHBOUR" }),
  ...each("affinity", ["affinity", "0"], ["ESRCH"], { "to move its neighbour to another processor": "NEIGHBOUR" }),
  ...each("prlimit", ["prlimit", "0"], ["ESRCH"], { "its neighbour's limits": "NEIGHBOUR" }),
  ...each("nice of", ["nice of", "1900000666"], ["ESRCH"], { "how nice its neighbour is": "1900000001" }),
  ...each("kill", ["child", "-"], ["ESRCH"], { "its neighbour's process": "NEIGHBOUR", "the front end": "FRONT END" }),
  ...each("connect", ["connect", `${alice} 80`], unreachable, {
    "its neighbour past the front end": `${alice} 8001`,
    "its neighbour's service": `${alice} 8300`,
    "SSH of the host over its loopback": "::1 22",
    "SSH of the host": `${host} 22`,
    "SSH of the host over IPv4": "203.0.113.11 22",
    "BGP of the host": `${host} 179`,
    "BGP of a router": "fd00:8000::1 179",
    "the management of a host": "fd00:8000::b9 7000",
    "a private network": "10.9.9.9 7000",
    "a link-local address": "fe80::1%eth0 7000",
    "a process of the host": `${host} ${listening.host}`,
    "a process of the host over its neighbour's address": `${alice} ${listening.host}`,
    "a process of the host over its own address": `fd00:8000:0:29a::1 ${listening.host}`,
    "a process of the host over IPv4": `203.0.113.11 ${listening.host}`,
    "a process of the host over its loopback": `::1 ${listening.loopback}`,
    "a process of the host over its loopback of IPv4": `127.0.0.1 ${listening.loopback}`,
    "a process of its neighbour": `fd00:8000:0:1::2 ${listening.neighbour}`,
    "a process of its neighbour over the neighbour's loopback": `::1 ${listening.neighbour}`,
    "a process of its neighbour over IPv4": `NEIGHBOUR4 ${listening.neighbour}`,
  }),
  ...each("datagram", ["datagram", "own"], ["timed out", ...unreachable], {
    "a process of the host": `${host} ${listening.host}`,
    "a process of the host over its own address": `fd00:8000:0:29a::1 ${listening.host}`,
    "a process of the host over its loopback": `::1 ${listening.loopback}`,
    "a process of its neighbour": `fd00:8000:0:1::2 ${listening.neighbour}`,
    "all that listen on its link": `ff02::1%eth0 ${listening.host}`,
  }),
  ...each("resolver", ["resolver", "RESOLVER"], ["timed out", ...unreachable], {
    "the host's resolver from its own address": host,
  }),
  ...each("source", ["source", "fd00:8000:0:29a::2 2600:9::5 7000"], ["EADDRNOTAVAIL", "timed out", ...unreachable], {
    "as if it were its neighbour": `${alice} 2600:9::5 7000`,
    "as if it were the host": `${host} 2600:9::5 7000`,
    "as if it were anybody": "2600:7::1 2600:9::5 7000",
  }),
  ...each("bind", ["bind", ":: 8399"], ["EADDRNOTAVAIL"], {
    "its neighbour's port": `${alice} 8001`,
    "a port of the host": `${host} 8399`,
    "a port of the host over IPv4": "203.0.113.11 8399",
  }),
  ...each("descriptors", ["descriptors", "own"], [], {
    "to make something else of any descriptor that it is given": `/run/fairhost-http/account-1-http-shell ${alice} 8001`,
  }),
  ...each("raw", ["netlink", "0"], ["EAFNOSUPPORT", "EPROTONOSUPPORT"], { "packets of its own making": "-" }),
  ...each("netlink", ["netlink", "0"], ["EPROTONOSUPPORT"], {
    "the host's audit": "9",
    "the host's devices": "15",
    "the firewall": "12",
    "tracked connections by device": "21",
  }),
  ...each("setuid", ["setuid", "1900000666"], ["EINVAL"], {
    "root's rights": "0",
    "its neighbour's rights": "1900000001",
  }),
  ...each("group", ["group", "1900000666"], ["EINVAL"], { "root's group": "0", "the front end's group": "33" }),
  ...each("setuidbit", ["mode", `${home}/own`], [], { "a program that gives its rights": `${home}/setuid` }),
  ...each("chown", ["mode", `${home}/own`], ["EINVAL"], { "a file of root's": `${home}/own` }),
  ...each("mknod", ["write", `${home}/own`], [], { "a disk of its own": `${home}/disk` }),
  ...each("chroot", ["list", "/tmp"], [], { "another root": "/tmp" }),
  ...each("mount", ["list", "/tmp"], [], { "a file system over /tmp": "/tmp" }),
  ...each("scheduler", ["priority", "1"], ["EINVAL"], { "the processor before all others": "1" }),
  ...each("priority", ["priority", "1"], [], { "a higher priority": "-1" }),
  ...each("limit", ["child", "-"], [], { "more open files": "RLIMIT_NOFILE", "locked memory": "RLIMIT_MEMLOCK" }),
  // Of {@link openFiles}, less what the program itself has open.
  ...each("files", ["files", `${openFiles - 500}`], ["EMFILE"], { "more files than it may": `${openFiles + 1}` }),
  ...each("capability", ["call", "39"], [], {
    "to be like root": "21",
    "to own all files": "1",
    "to form packets": "13",
  }),
  ...each("call", ["call", "39"], ["ENOSYS"], calls),
];
