import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashPassword } from "../../cli/password.ts";
import { certificates, fallback } from "../../delivery/protocol/certificates.ts";
import { bootWithOutside, far6 } from "../../testing/fakes/outside.ts";
import { succeed } from "../../testing/fakes/placed-host.ts";
import { type FixtureAccount, staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { defaultUidBase } from "../declaring.ts";

const password = "correct horse: battery";
const passwordHash = await hashPassword(password);
const other = "another long word";
const user = (name: string, directory: string, hash = passwordHash): NonNullable<FixtureAccount["users"]>[number] => ({
  ...{ name, directory, protocols: ["ftps"], keys: [], passwordHash: hash },
});
const accounts: readonly FixtureAccount[] = [
  {
    number: 1,
    name: "alice",
    servers: [{ ...staticServer("web"), https: true, hostnames: ["web.alice.test", "*.alice.test", "new.alice.test"] }],
    users: [user("ada", "."), user("drop_in", "www/in"), user("late", "missing")],
  },
  { number: 2, name: "bob", servers: [staticServer("web")], users: [user("ada", ".", await hashPassword(other))] },
  { number: 3, name: "carol", servers: [staticServer("web")] },
];
const [alice, bob, carol] = ["fd00:8000:0:1::1", "fd00:8000:0:2::1", "fd00:8000:0:3::1"] as const;
const home = "/srv/accounts/1/home";
const soon = { timeout: 20_000, interval: 200 };

let here: Awaited<ReturnType<typeof bootWithOutside>>;
const sh = (command: string) => succeed(here.host, command);
/** curl where visitors are, without a look at the certificate. */
const curl = async (path: string, words = "", who = "ada", given = password, at: string = alice) =>
  await here.outside(
    `curl -sS -k -g --max-time 60 --ssl-reqd ${words} -u '${who}:${given}' 'ftp://[${at}]/${path}' </dev/null`,
  );
/** Lines of a program with ftplib, after a login; what fails is its answer. */
const client = async (lines: string, who = "ada", given = password, at: string = alice) => {
  const program = `
import ftplib, io, socket, ssl, sys, time
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
f = ftplib.FTP_TLS(context=context, timeout=60)
def say(what, *words):
    try: print(what(*words))
    except (ftplib.Error, EOFError, OSError) as error: print(str(error) or type(error).__name__)
def got(name, rest=None):
    out = io.BytesIO(); f.retrbinary("RETR " + name, out.write, rest=rest); return out.getvalue()
def put(name, octets, rest=None): return f.storbinary("STOR " + name, io.BytesIO(octets), rest=rest)
f.connect("${at}", 21)
${who === "" ? "" : `f.login(${JSON.stringify(who)}, ${JSON.stringify(given)}); f.prot_p()`}
${lines}
`;
  const { stdout, stderr } = await here.host.run(["ip", "netns", "exec", "beyond", "python3", "-"], { stdin: program });
  return `${stdout}${stderr}`;
};
const units = () => sh("systemctl list-units --plain --no-legend '*-ftps*.service' | sed 's/ .*//'");

beforeAll(async () => {
  here = await bootWithOutside("ftps", [], accounts);
  await sh(
    `install -d -o a1 -g a1 ${home}/www/in && echo out >${home}/www/secret && ln -s ../secret ${home}/www/in/link && ln -s /etc ${home}/www/in/etc && echo bob >/srv/accounts/2/home/own
    echo kept >/srv/accounts/1/lib/kept && ln -s /var/lib ${home}/www/in/lib && install -o a1 -m 600 /dev/null "${home}/www/in/$(printf 'a\\nb')"`,
  );
  await here.outside("head -c 3000000 /dev/urandom >/root/big; echo hello >/root/hello");
  await sh(`mkdir -p ${certificates} && chmod 750 ${certificates} && chgrp www-data ${certificates} && cd ${certificates}
    make() { openssl req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -keyout key -out cert 2>/dev/null && cat key cert >"$1.pem" && chmod 640 "$1.pem" && cp cert "/root/$1.crt" && rm key cert; }
    make ${fallback} invalid; make web.alice.test web.alice.test; make _.alice.test '*.alice.test'; ln -s ${fallback}.pem new.alice.test.pem`);
}, 300_000);
afterAll(() => here?.host.stop());

describe("a user with FTPS", () => {
  test("brings, lists, renames and removes files by curl, as the account and in no process before", async () => {
    expect(await units()).toBe("");
    expect(await curl("new/hello", "--ftp-create-dirs -T /root/hello")).toMatchObject({ exitCode: 0 });
    expect(await sh(`stat -c '%u %a' ${home}/new/hello && cat ${home}/new/hello`)).toBe(
      `${defaultUidBase + 1} 640\nhello\n`,
    );
    expect((await curl("new/")).stdout).toMatch(/^-rw-r----- 1 \w+ \w+ +6 \w{3} \d\d \d\d:\d\d hello\r?\n$/);
    expect(await curl("new/", "-l -Q 'RNFR new/hello' -Q 'RNTO new/moved'")).toMatchObject({ stdout: "moved\n" });
    expect((await curl("new/moved")).stdout).toBe("hello\n");
    await curl("new/big", "-T /root/big");
    await curl("new/big", "-o /root/back");
    await sh(`cmp /root/back /root/big && cmp ${home}/new/big /root/big`);
    expect((await curl("new/", "-l -Q 'DELE new/moved' -Q 'DELE new/big' -Q 'SITE CHMOD 700 new'")).stdout).toBe("");
    expect(await sh(`stat -c %a ${home}/new`)).toBe("700\n");
    await expect.poll(units, soon).toBe("");
    expect(await sh("cat /srv/accounts/1/admin/logs/ftps.log")).toMatch(/^\S+ ada from 2600:8::2: logged in$/m);
  });

  test("goes on with a transfer that was cut, both ways, and appends", async () => {
    const lines = await client(`
put("part", b"0123456789"); say(got, "part", 4)
put("part", b"ABC", 4); say(got, "part")
f.storbinary("APPE part", io.BytesIO(b"end")); say(got, "part"); say(f.size, "part")
say(f.sendcmd, "MFMT 20240102030405 part"); say(f.sendcmd, "MDTM part")
say(lambda: sorted(name for name, _ in f.mlsd()) == sorted(f.nlst()))`);
    expect(lines).toBe(
      "b'456789'\nb'0123ABC789'\nb'0123ABC789end'\n13\n213 Modify=20240102030405; done\n213 20240102030405\nTrue\n",
    );
  });

  test("has the certificate of the name that it asks for, also one that is new, and a real one without a name", async () => {
    const ask = (name: string, file: string) =>
      here.outside(
        `curl -sS --ssl-reqd --resolve '${name}:21:[${alice}]' --cacert /root/${file}.crt -u 'ada:${password}' 'ftp://${name}/' -o /dev/null -w '%{http_code}'`,
      );
    expect(await ask("web.alice.test", "web.alice.test")).toMatchObject({ stdout: "226", stderr: "" });
    expect(await ask("any.alice.test", "_.alice.test")).toMatchObject({ stdout: "226", stderr: "" });
    expect((await ask("new.alice.test", "_.alice.test")).stderr).toContain("certificate");
    await sh(`cd ${certificates} && cp _.alice.test.pem .new && mv .new new.alice.test.pem`);
    expect(await ask("new.alice.test", "_.alice.test")).toMatchObject({ stdout: "226", stderr: "" });
    expect(await client("say(lambda: f.sock.version())")).toBe("TLSv1.3\n");
  });

  test("sees its directory alone, and nothing through a symlink", async () => {
    const lines = await client(
      `
put("mine", b"mine"); say(lambda: sorted(f.nlst()))
for name in ("../secret", "link", "etc/passwd", "lib/kept", "/../../etc/passwd", "/home/alice/www/secret", "/proc/self/environ"): say(got, name)
for name in ("link", "lib/kept", "../up", "/"): say(put, name, b"x")
for command in ("DELE lib/kept", "RNFR lib/kept", "CWD lib", "CWD etc", "MKD lib/new", "SITE CHMOD 777 lib/kept", "MLST lib/kept", "RMD /"): say(f.sendcmd, command)
f.cwd("../../.."); say(f.pwd)`,
      "drop_in",
    );
    const [names, ...rest] = lines.trim().split("\n");
    // A name with an end of a line in it cannot be said.
    expect(names).toBe("['etc', 'lib', 'link', 'mine']");
    expect(rest).toEqual([
      ...Array.from({ length: 7 }, () => expect.stringMatching(/^550 /)),
      ...[/^550 /, /^550 /, /^226 /, /^550 /].map((like) => expect.stringMatching(like)),
      ...Array.from({ length: 8 }, () => expect.stringMatching(/^550 /)),
      "/",
    ]);
    expect(await sh(`cat /srv/accounts/1/lib/kept ${home}/www/secret; ls ${home}/www/in/up`)).toContain("kept\nout\n");
    expect((await curl("www/secret")).stdout).toBe("out\n");
  });

  test("whose directory is missing is told so, and has its files once it is there", async () => {
    expect(await client("", "late")).toContain("421 The directory cannot be had: is it there?");
    await sh(`install -d -o a1 -g a1 ${home}/missing`);
    expect(await client("say(f.nlst)", "late")).toBe("[]\n");
  });
});

describe("nobody else gets in", () => {
  test("with a wrong password, another user's or none: the answer comes late, is counted, and says nothing", async () => {
    const begun = Date.now();
    const tries = [
      ["ada", "wrong", alice],
      ["drop_in", `${password} `, alice],
      ["nobody", password, alice],
      ["ada", other, alice],
      ["ada", password, bob],
    ] as const;
    const answers = await Promise.all(
      tries.map(([who, given, at]) => client(`say(f.auth); say(f.login, "${who}", "${given}")`, "", "", at)),
    );
    expect(answers).toEqual(tries.map(() => "234 TLS.\n530 Wrong user or password.\n"));
    expect(Date.now() - begun).toBeGreaterThan(2900);
    expect(await sh("journalctl -t fairhost-ftps -o cat | sort")).toBe(
      [
        "wrong password: account=1 user=UNKNOWN from=2600:8::2",
        "wrong password: account=1 user=ada from=2600:8::2",
        "wrong password: account=1 user=ada from=2600:8::2",
        "wrong password: account=1 user=drop_in from=2600:8::2",
        "wrong password: account=2 user=ada from=2600:8::2",
        "",
      ].join("\n"),
    );
    expect(await client("say(f.nlst)", "ada", other, bob)).toContain("'own'");
  });

  test("without TLS, or with commands before it", async () => {
    expect(
      await client(
        `
for command in ("USER ada", "PASS x", "LIST", "PBSZ 0", "OPTS UTF8 ON"): say(f.sendcmd, command)
f.sock.sendall(b"AUTH TLS\\r\\nUSER ada\\r\\n"); say(f.getresp); say(f.getresp)`,
        "",
      ),
    ).toMatch(/^(530 TLS first: AUTH TLS\.\n){5}503 Something follows AUTH too early\.\nEOFError\n$/);
    expect(await client('say(f.sendcmd, "GET / HTTP/1.1"); say(f.getresp)', "")).toBe("500 This is FTP.\nEOFError\n");
    expect(await client('say(f.prot_c); say(f.sendcmd, "CCC"); say(f.nlst)')).toMatch(/^536 .*\n502 .*\n/);
    const plain = `f._prot_p = False
k = f.transfercmd("RETR www/secret"); k.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n"); say(k.recv, 100); say(f.getresp)`;
    expect(await client(plain)).toMatch(/^(b''|b'\\x15.*'|.*reset by peer)\n426 /);
  });

  test("by a port that a client names, or a data connection that is not its own", async () => {
    const commands = ["PORT 192,0,2,2,0,80", `EPRT |2|${far6}|80|`, "LPRT 6", "PASV", "EPSV 1"];
    expect(await client(`for command in ${JSON.stringify(commands)}: say(f.sendcmd, command)`)).toMatch(
      /^(50?2 .*\n){4}522 /,
    );
    expect(
      await client(`
host, port = f.makepasv(); print(8900 <= port <= 8999)
def call(source):
    k = socket.create_connection(("${alice}", port), 20, (source, 0)); return k
thief = call("${far6}"); f.putcmd("RETR www/secret"); print(f.getline()[:3])
say(thief.recv, 100)
k = context.wrap_socket(call("2600:8::2")); print(k.recv(100)); k.unwrap(); print(f.getline())
say(call, "2600:8::2")`),
    ).toMatch(/^True\n150\n(b''|.*reset by peer)\nb'out\\n'\n226 Done\.\n.*refused\n$/);
  });

  test("by one visitor, who has each address of a /64, more often than ten times at once", async () => {
    const program = `
import socket, subprocess
held = []
def greeted(source):
    one = socket.create_connection(("${alice}", 21), 30, (source, 0)); held.append(one)
    return one.recv(3).decode()
for n in range(100, 112): subprocess.run(["ip", "address", "add", f"2600:8::{n}/64", "dev", "eth0", "nodad"], check=True)
print(*[greeted(f"2600:8::{n}") for n in range(100, 112)], greeted("${far6}"))`;
    const { stdout, stderr } = await here.host.run(["ip", "netns", "exec", "beyond", "python3", "-"], {
      stdin: program,
      timeout: 120_000,
    });
    expect(`${stdout}${stderr}`).toBe(`${"220 ".repeat(10)}421 421 220\n`);
  });

  test("and 50 wrong passwords ban", async () => {
    await sh(`python3 -c 'import socket
s = socket.socket(1, 2); s.connect("/run/fairhost-bans.sock")
for n in range(44): s.send(b"http: 2600:8::2")'`);
    await client('say(f.auth); say(f.login, "ada", "wrong")', "");
    await expect.poll(() => sh("nft list set inet fairhost_bans banned6"), soon).toContain('"ftps 6, http 44"');
    expect(await client("", "")).toContain("refused");
    await sh("nft flush set inet fairhost_bans banned6");
  });

  test("where an account has no user with FTPS, or nobody has asked for data", async () => {
    const at = (address: string, port: number) => here.visit(address, port, "", 5);
    expect(await Promise.all([at(carol, 21), at(carol, 8900), at(alice, 8900), at("fd00:8000::11", 21)])).toEqual([
      "timeout",
      "timeout",
      "ECONNREFUSED",
      "timeout",
    ]);
    // Rules of the account's own firewall count, as they do for its services.
    await sh(`nft 'add chain inet fairhost account-2-in; add rule inet fairhost account-2-in ip6 saddr 2600:9::/48 reject with tcp reset
      add element inet fairhost rules_in { ${bob} : jump account-2-in }'`);
    const result = async (address: string, from: string) =>
      (await curl("", `--interface ${from}`, "ada", other, address)).exitCode;
    expect([await result(bob, far6), await result(alice, far6), await result(bob, "2600:8::2")]).toEqual([7, 67, 0]);
  });
});

test("the account sees neither key nor hashes nor the socket of the files, and neither calls out with what serves it", async () => {
  const seen = await here.host.run([
    ...["systemd-run", "--quiet", "--pipe", "--wait", "-p", "User=a1"],
    ...[
      "sh",
      "-c",
      `cat ${certificates}/web.alice.test.pem /var/lib/fairhost/current/access/ftps/1; ls /run/fairhost-ftps`,
    ],
  ]);
  expect(seen.stdout).toBe("");
  expect(seen.stderr.match(/Permission denied/g)).toHaveLength(3);
  const call = `python3 -c 'import socket; socket.create_connection(("fd00:8000::1", 80), 5)' 2>&1 | tail -n 1`;
  expect(
    await sh(`systemd-run --quiet --pipe --wait -p DynamicUser=yes sh -c "$(cat <<'END'\n${call}\nEND\n)"`),
  ).toContain("refused");
  expect(await sh("nft list table inet fairhost | grep 'calls out\"' | grep -c 'counter packets [1-9]'")).toBe("1\n");
});

test("sessions are bounded, end with their time, and stop what is on its way when asked", async () => {
  const open = `
more = []
for n in range(12):
    try:
        k = socket.create_connection(("${alice}", 21), 20); k.settimeout(20); more.append(k)
        print(k.recv(3).decode() or "closed")
    except OSError as error: print("closed")`;
  const lines = (await client(open, "")).trim().split("\n");
  expect(lines.filter((line) => line === "220")).toHaveLength(9);
  await expect.poll(units, soon).toBe("");
  await sh(`head -c 30000000 /dev/zero >${home}/zero; chown a1:a1 ${home}/zero`);
  expect(
    await client(`
k = f.transfercmd("RETR zero"); k.recv(100); f.sock.sendall(b"ABOR\\r\\n")
while k.recv(65536): pass
k.close(); print(f.getline()[:3], f.getline()[:3]); say(f.pwd)
k = f.transfercmd("STOR cut"); k.sendall(b"half"); socket.socket.shutdown(k, 1); say(f.getresp)`),
  ).toMatch(/^426 226\n\/\n426 .*something may be missing/);
  expect(await sh(`systemctl show 'fairhost-ftps-1@x.service' -p RuntimeMaxUSec,MemoryMax,TasksMax --value`)).toBe(
    "1d\n100663296\n2\n",
  );
});
