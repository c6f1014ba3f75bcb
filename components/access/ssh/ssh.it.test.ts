import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashPassword } from "../../../cli/password.ts";
import { sshHostKey } from "../../../host/store/secrets.ts";
import type { RunResult } from "../../../lab/container.ts";
import { shellServer } from "../../../testing/fakes/inside-sandbox.ts";
import { bootWithOutside, far6 } from "../../../testing/fakes/outside.ts";
import { keygen } from "../../../testing/fakes/ssh/sshd.ts";
import type { FixtureAccount } from "../../../testing/fixtures/bundle-fixture.ts";
import { defaultUidBase } from "../../declaring.ts";
import { confinedSftpCases } from "../files/confined-sftp.cases.ts";
import { passwordCases } from "../passwords/passwords.cases.ts";

/** SSH of accounts as people meet it: from outside, over IPv6, through the firewall. The host's own SSH server has port 22 on all addresses. */
const directory = mkdtempSync(join(tmpdir(), "fairhost-access-"));
const keys = { ada: keygen(directory, "ada"), bob: keygen(directory, "bob"), nobody: keygen(directory, "nobody") };
const line = (name: keyof typeof keys) => keys[name].publicKey.trim();
const password = "correct horse battery";
const passwordHash = await hashPassword(password);
const user = (
  name: string,
  home: string,
  keys: readonly string[],
  more: Partial<NonNullable<FixtureAccount["users"]>[number]> = {},
): NonNullable<FixtureAccount["users"]>[number] => ({ name, directory: home, protocols: ["ssh"], keys, ...more });
const accounts: readonly FixtureAccount[] = [
  {
    number: 1,
    name: "alice",
    users: [
      user("ada", ".", [line("ada")]),
      user("deploy", "www", [line("ada")]),
      user("files", "www/in", [line("ada")], { protocols: ["sftp"] }),
      user("pat", ".", [], { passwordHash }),
      user("drop", "www", [], { protocols: ["sftp"], passwordHash }),
    ],
  },
  { number: 2, name: "bob", users: [user("bob", ".", [line("bob")])] },
  { number: 3, name: "carol", servers: [shellServer()] },
];
const alice = "fd00:8000:0:1::1";
const bob = "fd00:8000:0:2::1";
const carol = "fd00:8000:0:3::1";
const master = Buffer.alloc(32, 7);
const options = "-F none -o UserKnownHostsFile=/root/known_hosts -o BatchMode=yes -o ConnectTimeout=30";

let here: Awaited<ReturnType<typeof bootWithOutside>>;
const as = (key: keyof typeof keys) => `${options} -i /root/${key}`;
/** Runs a command of a visitor, with the password agent and all else that could help switched off. */
const ssh = (to: string, command: string, key: keyof typeof keys = "ada", more = "") =>
  here.outside(`ssh ${as(key)} ${more} ${to} ${quoted(command)} </dev/null`);
/** The same by password, which the client gets from a program. */
const byPassword = (to: string, command: string, given = password) =>
  here.outside(
    `SSH_ASKPASS=/root/ask SSH_ASKPASS_REQUIRE=force GIVEN=${quoted(given)} ssh ${options.replace("BatchMode=yes", "NumberOfPasswordPrompts=1")} -o PubkeyAuthentication=no ${to} ${quoted(command)} </dev/null`,
  );
/** What a user gets of its SFTP commands; a `-` before one goes on after its failure. */
const sftp = (to: string, commands: string, how = `sftp -q ${as("ada")} -b -`) =>
  here.outside(`cd /root && ${how} '${to.replace("@", "@[")}]' 2>&1 <<'END'\n${commands}\nEND`);
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const output = ({ stdout, stderr, exitCode }: RunResult): string => {
  if (exitCode !== 0) throw new Error(`status ${exitCode}: ${stdout}${stderr}`);
  return stdout.trim();
};
const loggedIn = async (command: string, to = `ada@${alice}`, key: keyof typeof keys = "ada") =>
  output(await ssh(to, command, key));
const sessions = async () =>
  (
    await here.sh(
      "systemctl list-units --plain --no-legend 'account-*-ssh@*' 'fairhost-ssh-*@*' 'fairhost-network@[12].service'",
    )
  ).trim();
const log = (account: number) => here.sh(`cat /srv/accounts/${account}/admin/logs/ssh.log`);
const soon = { timeout: 20_000, interval: 200 };
/** Holds a session of alice's open until {@link release}. */
const untilReleased = "until test -e ~/released; do sleep 0.1; done";
async function release(): Promise<void> {
  await here.sh("touch /srv/accounts/1/home/released");
  await expect.poll(sessions, { ...soon, timeout: 60_000 }).toBe("");
  await here.sh("rm /srv/accounts/1/home/released");
}

beforeAll(async () => {
  here = await bootWithOutside("access", [], accounts);
  for (const [name, { privateKey }] of Object.entries(keys))
    await here.host.writeFile(`/root/${name}`, privateKey, 0o600);
  // As the applier makes them (host/store/secrets.ts); their public halves are what visitors trust.
  for (const number of [1, 2]) {
    const key = `/var/lib/fairhost/secrets/ssh/${number}`;
    await here.host.writeFile(key, sshHostKey(master, number, 1), 0o400);
    const known = await here.sh(`ssh-keygen -y -f ${key}`);
    await here.sh(`echo 'fd00:8000:0:${number}::1 ${known.trim()}' >>/root/known_hosts`);
  }
  await here.host.writeFile("/root/hello", "hello\n");
  await here.host.writeFile("/root/ask", '#!/bin/sh\necho "$GIVEN"\n', 0o755);
  await here.sh("install -d -o a1 -g a1 /srv/accounts/1/home/www/in; echo out >/srv/accounts/1/home/www/outside");
  // The host's own SSH server, as far as ports go.
  const greet =
    "import socketserver as s;h=type('H',(s.BaseRequestHandler,),{'handle':lambda x:x.request.sendall(b'SSH-2.0-host\\r\\n')});s.TCPServer.address_family=10;s.TCPServer(('::',22),h).serve_forever()";
  await here.sh(
    `systemd-run --quiet --unit=greeter python3 -c "${greet}"; until ss -Hltn | grep -q '*:22 '; do sleep 0.1; done`,
  );
}, 300_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await here?.host.stop();
});

describe("a user logs in by key, from outside", () => {
  test("as the account, in its home, network, slice and view", async () => {
    const script = "id -u; id -un; pwd; echo $HOME $USER; cut -d' ' -f1 /proc/net/if_inet6 | sort; cat /proc/1/comm";
    expect((await loggedIn(script)).split("\n")).toEqual([
      `${defaultUidBase + 1}`,
      "a1",
      "/home/alice",
      "/home/alice ada",
      "00000000000000000000000000000001",
      "fd008000000000010000000000000002",
      "tini",
    ]);
    expect(await loggedIn("pwd; echo ~", `deploy@${alice}`)).toBe("/home/alice/www\n/home/alice");
    expect(await log(1)).toMatch(
      /^\d{4}-\d\d-\d\dT\S+ Accepted publickey for ada from 2600:8::2 ssh2: ED25519 SHA256:/m,
    );
  });

  test("by a name of a web site, whose address in DNS is the account's, with the same host key", async () => {
    const [name, other] = ["shell.alice.test", "other.alice.test"];
    // The second leads to a neighbour, who has another key.
    await here.sh(`printf '${alice} ${name}\\n${bob} ${other}\\n' >>/etc/hosts
      for name in ${name} ${other}; do sed -n "s/^${alice} /$name /p" /root/known_hosts; done >/root/by-name; cat /root/by-name >>/root/known_hosts`);
    expect(await loggedIn("id -un; pwd", `ada@${name}`)).toBe("a1\n/home/alice");
    expect((await ssh(`ada@${other}`, "true")).stderr).toContain("Host key verification failed");
  });

  test("with a terminal", async () => {
    const { stdout } = await ssh(`ada@${alice}`, "tty; test -O $(tty) && stty size", "ada", "-tt");
    expect(stdout).toMatch(/^\/dev\/pts\/\d+\r\n\d+ \d+/);
  });

  test("and copies files by sftp, scp and rsync", async () => {
    const copy = `cd /root && echo 'put hello by-sftp
get by-sftp back' | sftp -q ${as("ada")} -b - 'ada@[${alice}]' && cmp hello back &&
scp -q ${as("ada")} hello 'deploy@[${alice}]:by-scp' &&
rsync -a -e "ssh ${as("ada")}" hello 'ada@[${alice}]:by-rsync'`;
    output(await here.outside(copy));
    expect(await loggedIn("cat by-sftp www/by-scp by-rsync")).toBe("hello\nhello\nhello");
    expect(await here.sh("stat -c %u /srv/accounts/1/home/by-rsync")).toBe(`${defaultUidBase + 1}\n`);
  });

  test("and pushes and clones by git", async () => {
    await loggedIn("git init -q --bare site.git");
    const push = `set -e; cd /root; export GIT_SSH_COMMAND="ssh ${as("ada")}" HOME=/root; rm -rf work again; git init -q work; cd work
echo text >page; git add page; git -c user.name=x -c user.email=x@example.org commit -qm first
git push -q 'ssh://ada@[${alice}]/home/alice/site.git' HEAD:main; git clone -q -b main 'ssh://ada@[${alice}]/home/alice/site.git' ../again; cat ../again/page`;
    expect(output(await here.outside(push))).toBe("text");
  });

  test("and reaches the account's own programs through a forwarded port", async () => {
    const forward = `ssh ${as("ada")} -W [::1]:7300 ada@${alice}`;
    await loggedIn("nohup sh -c 'exec 2>&1' >/dev/null; true");
    const serve = `python3 -c "import socket; k=socket.create_server((\\"::1\\",7300),family=socket.AF_INET6); c,_=k.accept(); c.sendall(b\\"inside\\")"`;
    const [, answer] = await Promise.all([
      ssh(`ada@${alice}`, serve),
      here.outside(`for i in $(seq 60); do sleep 0.2; ${forward} </dev/null 2>/dev/null && exit; done; exit 1`),
    ]);
    expect(output(answer)).toBe("inside");
  });
});

describe("what a connection is encrypted with", () => {
  test("is no NIST curve, no SHA-1 and no short tag", async () => {
    const { stderr } = await ssh(`ada@${alice}`, "true", "ada", "-vv");
    const [, offered = ""] = stderr.split("peer server KEXINIT proposal");
    const list = (name: string) => new RegExp(`debug2: ${name}: (\\S+)`).exec(offered)?.[1]?.split(",") ?? [];
    const [exchanges, hostKeys, macs] = ["KEX algorithms", "host key algorithms", "MACs stoc"].map(list);
    // What ordinary clients have: OpenSSH since 6.5 of 2014.
    expect(exchanges).toContain("curve25519-sha256");
    expect(hostKeys).toEqual(["ssh-ed25519"]);
    expect(macs).toEqual(expect.arrayContaining(["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"]));
    expect(exchanges?.filter((name) => /nistp|sha1|diffie-hellman/.test(name))).toEqual([]);
    expect(macs?.filter((name) => /sha1|umac-64/.test(name))).toEqual([]);
  });
});

describe("nobody else does", () => {
  test.each([
    ["a key that nobody has declared", `ada@${alice}`, "nobody"],
    ["a neighbour's key", `ada@${alice}`, "bob"],
    ["the key of another account, at a user of that account", `bob@${alice}`, "bob"],
    ["the name of the account's own user", `a1@${alice}`, "ada"],
    ["root", `root@${alice}`, "ada"],
  ] as const)("with %s", async (_, to, key) => {
    const { exitCode, stderr } = await ssh(to, "true", key);
    expect([exitCode, stderr]).toEqual([255, expect.stringContaining("Permission denied (publickey,password)")]);
  });

  test("with keys that somebody has put into the home, or by what symlinks there lead to", async () => {
    // `.ssh` leads to root's files, the login's directory to a neighbour's home: all that happens, happens inside.
    await loggedIn(
      `mkdir -p keys && echo '${line("nobody")}' >keys/authorized_keys && ln -sfn keys .ssh && ln -sfn /srv/accounts/2/home www-old && mv www www-real && ln -sfn /root www
       echo 'echo rc >>rc-ran; exit 0' >keys/rc; ln -sf /etc/shadow .hushlogin; ln -sf /srv/accounts/2/home/x .profile`,
    );
    expect((await ssh(`ada@${alice}`, "true", "nobody")).exitCode).toBe(255);
    const { stderr, exitCode } = await ssh(`deploy@${alice}`, "pwd; ls /root /srv 2>&1");
    expect([exitCode === 0, stderr]).toEqual([false, expect.stringContaining("Could not chdir to home directory")]);
    expect(await loggedIn("id -un; cat rc-ran | tail -n 1")).toBe("a1\nrc");
    await loggedIn("rm -f .ssh .hushlogin .profile www www-old && mv www-real www");
    expect(await here.sh("ls -A /srv/accounts/2/home | sort | xargs")).toBe("admin shell.py www\n");
  });

  test("at an account without users: the connection is refused, and does not reach the host's SSH server", async () => {
    expect((await ssh(`root@${carol}`, "true")).stderr).toContain("Connection refused");
    expect((await here.outside(`curl -sg --http0.9 --max-time 3 'http://[${carol}]:22/'`)).exitCode).toBe(7);
    // Which is there: the test can fail.
    const reached = await here.outside("curl -sg --http0.9 --max-time 3 'http://[fd00:8000::11]:22/'");
    expect(reached.stdout).toContain("SSH-2.0-host");
  });
});

const visitors = { here: () => here, alice, bob, password, options, as, ssh, byPassword, sftp, output, loggedIn, log };
passwordCases(visitors);
confinedSftpCases(visitors);

describe("a hostile user", () => {
  test("sees no neighbour, no process of the host, no key and nobody's keys to write", async () => {
    const sees =
      await loggedIn(`ls /home; ls /srv /root /var/lib/fairhost /run/fairhost-ssh 2>&1 | grep -cE 'No such file|Permission denied'
      ps -e -o comm= | sort -u | xargs
      cat /opt/fairhost/access/keys/* | wc -l; ls /opt/fairhost/access
      for path in /opt/fairhost/access/keys/ada /opt/fairhost/access/keys/new /etc/userdb/root.user /opt/fairhost/sshd.conf; do (echo x >>$path) 2>/dev/null && echo "wrote $path"; done
      ls /run/credentials/*/`);
    expect(sees.split("\n")).toEqual([
      "alice",
      "4",
      expect.stringMatching(/^(?:(?:bash|ps|run|sort|sshd|sshd-session|tini|xargs) ?)+$/),
      "3",
      "keys",
      "sshd.conf",
      "users",
      "account-secret",
      "ssh-host-key",
    ]);
  });

  test("gets no socket of the host's network", async () => {
    // A program could take one apart by connect(AF_UNSPEC), and listen or call with it in the host's name.
    const held = ssh(`ada@${alice}`, `cat /proc/net/tcp /proc/net/tcp6; ${untilReleased}`);
    const owners = async () => {
      const found = (await here.sh("ss -Htnp state established 'sport = :22'")).matchAll(/\("([^"]+)",pid/g);
      return [...new Set(Array.from(found, ([, name]) => name))].sort();
    };
    // Between fork and exec systemd's child has the name of its program in parentheses.
    await expect.poll(owners, soon).toEqual(["socat", "systemd"]);
    await release();
    // In its own network it sees none at all.
    expect(output(await held)).not.toContain(":0016 ");
  });

  test("reaches neither a neighbour's SSH nor the host's", async () => {
    for (const address of [bob, "fd00:8000::11", "fd00:8000:0:2::2"])
      expect(
        await loggedIn(`timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/22 && head -c 4 <&3' 2>&1 | tail -n 1`),
      ).toMatch(/refused|timed out|unreachable|denied|^$/);
    expect(await loggedIn("id -un", `bob@${bob}`, "bob")).toBe("a2");
  });

  test("has no more sessions than are allowed, and its neighbour notices nothing", async () => {
    // Of one visitor, who has each address of a /64.
    const addresses = Array.from({ length: 14 }, (_, index) => `2600:8::77:${index + 1}`);
    await here.outside(addresses.map((each) => `ip address add ${each}/64 dev eth0 nodad;`).join(" "));
    const hold = addresses.map(
      (address, index) =>
        `{ ssh -b ${address} ${as("ada")} ada@${alice} 'echo in; ${untilReleased}' || echo out; } >/root/held-${index} 2>/dev/null </dev/null &`,
    );
    const flood = here.outside(`rm -f /root/held-*; ${hold.join(" ")} wait`);
    await expect
      .poll(() => here.sh("cat /root/held-* 2>/dev/null | sort | uniq -c | xargs"), { ...soon, timeout: 50_000 })
      .toBe("10 in 4 out\n");
    expect(await loggedIn("id -un", `bob@${bob}`, "bob")).toBe("a2");
    // Another visitor finds room.
    expect(output(await ssh(`ada@${alice}`, "id -un", "ada", `-b ${far6}`))).toBe("a1");
    await release();
    await flood;
    expect(Number(await here.sh("cat /root/held-* | grep -c in"))).toBe(10);
  });
});

test("connections weigh less than the host's own logins and services, at each level of their slices", async () => {
  const held = loggedIn(untilReleased);
  try {
    const relays = () => here.sh("systemctl list-units --plain --no-legend --state=running 'fairhost-ssh-1@*.service'");
    await expect.poll(relays, { ...soon, timeout: 60_000 }).toContain("fairhost-ssh-1@");
    const [relay] = (await relays()).split(" ");
    const show = async (property: string, unit: string) =>
      (await here.sh(`systemctl show --property=${property} --value '${unit}'`)).trim();
    expect(await show("ControlGroup", relay!)).toBe(`/fairhost.slice/fairhost-ssh.slice/${relay}`);
    expect(await show("CPUWeight", "fairhost.slice")).toBe("20");
    expect(await show("CPUWeight", "fairhost-ssh.slice")).toBe("100");
    // The default, 100.
    for (const own of ["system.slice", "user.slice"]) expect(await show("CPUWeight", own)).toBe("[not set]");
  } finally {
    await release();
    await held;
  }
});

test("after the logout nothing runs: no program that was left in the background, no unit, no network", async () => {
  await expect.poll(sessions, soon).toBe("");
  await loggedIn("setsid nohup sleep 1000 >/dev/null 2>&1 & setsid -f sleep 1000 >/dev/null 2>&1; true");
  await expect.poll(sessions, soon).toBe("");
  await expect.poll(() => here.host.run("pgrep -u 1900000001").then(({ stdout }) => stdout), soon).toBe("");
  expect(await here.sh("systemctl --failed --plain --no-legend")).not.toMatch(/ssh|sftp|password/);
});
