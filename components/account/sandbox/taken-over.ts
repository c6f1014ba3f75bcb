/**
 * Units of account 666 (mallory) that run no code of the account, but read what visitors and the account bring: as if somebody had taken the
 * server over. In the place of its program, after all that starts it, there is one that makes the attempts of attempts.cases.ts.
 */
interface TakenOver {
  /** Its program, as its unit or a script of Fairhost's runs it. */
  readonly program: string;
  /** Where it may write: its home, or what stands in its place. */
  readonly home: string;
  /** The same on the host. */
  readonly outside: string;
  /** Makes systemd start it, on the host. */
  readonly begin: string;
  /** Checks that ordinary programs may make of their own, and this one not: the sandbox is narrower. */
  readonly refuses: readonly string[];
  /** The group of its unit, if it is not the account's. */
  readonly group?: string;
}

const [home, outside] = ["/home/mallory", "/srv/accounts/666/home"] as const;
/** No sockets of networks and no say in how processors are shared (confined-sftp.ts). */
const files = {
  home,
  outside: `${outside}/confined`,
  refuses: [
    "affinity",
    "bind",
    "connect",
    "datagram",
    "descriptors",
    "netlink",
    "nice of",
    "priority",
    "resolver",
    "source",
  ],
};
/** A session of files of the user `brings`, as its SSH session or FTPS asks for it. */
const session = {
  sftp: "sleep 120 | LOGNAME=brings /var/lib/fairhost/current/libexec/bring-session /run/fairhost-sftp/666 >/dev/null 2>&1 &",
  ftps: "sleep 120 | socat - UNIX-CONNECT:/run/fairhost-ftps/666,bind=/tmp/brings.2 >/dev/null 2>&1 &",
};
const get = (socket: string, words = "") => `curl -s --max-time 110 ${words} ${socket} >/dev/null 2>&1 &`;

export const takenOver: Readonly<Record<string, TakenOver>> = {
  cache: {
    program: "/usr/sbin/varnishd",
    home: "/var/lib",
    outside: "/srv/accounts/666/lib",
    begin: "systemctl start account-666-cache.service",
    refuses: ["netlink"],
    // Of the front end: it opens the sockets of its own servers, and sees no others (components/cache/render-cache.ts).
    group: "33",
  },
  "ftps@": { ...files, program: "/usr/lib/openssh/sftp-server", begin: session.ftps },
  "http-proxy": {
    ...{ program: "/usr/sbin/apache2", home, outside, refuses: [] },
    begin: get("'http://[fd00:8000::11]/'", "-H 'Host: proxy.mallory.test'"),
  },
  "http-static": {
    ...{ program: "/usr/sbin/lighttpd", home, outside, refuses: ["netlink"] },
    begin: get("'http://[fd00:8000::11]/'", "-H 'Host: static.mallory.test'"),
  },
  "sftp@": { ...files, program: "/usr/lib/openssh/sftp-server", begin: session.sftp },
  "webdav-brings": {
    ...{ ...files, program: "/usr/sbin/lighttpd" },
    begin: get("http://x/.webdav/brings/", "--unix-socket /run/fairhost-http/account-666-webdav-brings"),
  },
};

/** Units of an account outside of its sandbox: why nobody can try from there what its code can. */
export const outsideOfSandbox: Readonly<Record<string, string>> = {
  "fairhost-ftps-666@": "speaks with visitors as a user of its own, and gets files from ftps@ (decision 68)",
  "fairhost-password-666@": "answers yes or no to one question, without a socket (decision 49)",
  "fairhost-ssh-666@": "carries octets of one connection, as a user of its own (decision 41)",
  "fairhost-webdav-666": "answers yes or no to the front end, as a user of its own (decision 59)",
};

/** What is put in the place of the program of a unit that is taken over, and the drop-in that does. */
export function dropIn(unit: string): { readonly path: string; readonly script: string; readonly content: string } {
  const { program, home } = takenOver[unit]!;
  const path = `/root/taken-over/${unit}`;
  const name = `account-666-${unit}.service`;
  return {
    path,
    // Its unit goes on, so nothing starts it a second time.
    script: `#!/bin/sh
export HOME=${home}
# What does not listen is ended after a minute.
[ -z "\${PORT:-}" ] || /usr/bin/python3 -m http.server --bind ::1 "$PORT" >/dev/null 2>&1 &
test -e "$HOME/results-${unit}.json" || /usr/bin/python3 /opt/hostile.py ${unit}
exec /usr/bin/sleep 300
`,
    content: `mkdir -p /run/systemd/system/${name}.d && cat >/run/systemd/system/${name}.d/99-taken-over.conf <<'END'
[Service]
BindReadOnlyPaths=${path}:${program} /root/taken-over/hostile.py:/opt/hostile.py
END`,
  };
}
