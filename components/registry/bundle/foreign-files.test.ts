import { describe, expect, test } from "vitest";
import { limitNames, limitOf } from "../../plan/each-limit.ts";
import { judged, own, rendered, sides } from "./own-files.cases.ts";

/** Files of an account that say what is not its own. */
test.each(limitNames.filter((name) => limitOf(name).slice && limitOf(name).sliceDefault === undefined))(
  "a slice without %s is not the account's own",
  (name) => {
    const [directive] = limitOf(name).slice!(1);
    const text = rendered("systemd/account-1.slice").replace(new RegExp(`^${directive}=.*\n`, "m"), "");
    expect(judged("systemd/account-1.slice", text)).toBe(`without [Slice] ${directive}=`);
  },
);

const always = "systemd/account-1-http-always.service";
const program = "systemd/account-1-http-api.service";
const timer = "systemd/account-1-task-tidy.timer";
const tidy = "systemd/account-1-task-tidy.service";
const map = own.find(
  ({ declaration, number, file }) =>
    declaration === sides[1] && number === 1 && /^sites\/names\/[^:*]+$/.test(file.path),
)!.file.path;
const edit = (path: string, from: string | RegExp, to: string) => {
  const text = rendered(path);
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return [path, changed] as const;
};
const ports = "nftables/accounts/1";
const adds = (path: string, line: string) => [path, `${rendered(path)}${line}\n`] as const;

describe.each<[string, readonly [path: string, text: string | undefined], string]>([
  ["a port that is not declared", edit(ports, ". 8300 :", ". 8301 :"), "an unknown line"],
  ["a port at a neighbour's address", edit(ports, "fd00:8000:0:1::1", "fd00:8000:0:2::1"), "an unknown line"],
  ["a port that leads to a neighbour", edit(ports, ": fd00:8000:0:1::2", ": fd00:8000:0:2::2"), "an unknown line"],
  ["a larger bound", edit(ports, "rate over 5/second burst 50", "rate over 5/second burst 500"), "an unknown line"],
  ["a bound of a neighbour", edit(ports, '"acc1"', '"acc2"'), "an unknown line"],
  ["the bounds of a neighbour", edit(ports, "goto account-1", "goto account-2"), "an unknown line"],
  ["a rule of the firewall", adds(ports, "add rule inet fairhost input accept"), "an unknown line"],
  ["another user", edit(always, "User=a1", "User=root"), "[Service] User="],
  ["the user of another account", edit(always, "User=a1", "User=a2"), "[Service] User="],
  ["no user", edit(always, "User=a1\n", ""), "without [Service] User="],
  [
    "the user in a section where nobody reads it",
    edit(always, /(.*\n)\n((?:.*\n)*)User=a1\n/, "$1User=a1\n\n$2"),
    "[Unit] User=",
  ],
  ["another slice", edit(always, "account-1.slice", "system.slice"), "[Service] Slice="],
  ["root's prefix", edit(always, "ExecStart=:", "ExecStart=+"), "[Service] ExecStart="],
  ["a prefix after another", edit(always, "ExecStart=:", "ExecStart=:!!"), "[Service] ExecStart="],
  ["another command", adds(always, "ExecStartPre=+/bin/sh"), "[Service] ExecStartPre="],
  ["a weaker sandbox", adds(always, "NoNewPrivileges=no"), "[Service] NoNewPrivileges="],
  ["a further system call", adds(always, "SystemCallFilter=mount"), "[Service] SystemCallFilter="],
  [
    "the network of another unit",
    adds(always, "NetworkNamespacePath=/proc/1/ns/net"),
    "[Service] NetworkNamespacePath=",
  ],
  [
    "netlink without its filter",
    adds(always, "RestrictAddressFamilies=AF_NETLINK"),
    "[Service] RestrictAddressFamilies=",
  ],
  [
    "another family beside netlink",
    adds(program, "RestrictAddressFamilies=AF_PACKET"),
    "[Service] RestrictAddressFamilies=",
  ],
  ["a path of the host", adds(always, "BindPaths=/etc:/home/alice"), "[Service] BindPaths="],
  [
    "a path of the host as a second word",
    edit(always, "lib:/var/lib", "lib:/var/lib /etc:/mnt"),
    "[Service] BindPaths=",
  ],
  [
    "a folder of the generation",
    adds(always, "BindPaths=/var/lib/fairhost/current/libexec/..:/opt/fairhost/x"),
    "[Service] BindPaths=",
  ],
  ["the records of another account", edit(program, "userdb/a1.user:", "userdb/a2.user:"), "[Service] BindPaths="],
  ["another account's secret", edit(program, "accounts/1\n", "accounts/2\n"), "[Service] LoadCredential="],
  [
    "a log that root opens elsewhere",
    edit(always, "append:/srv/accounts/1/admin/logs/", "append:/srv/accounts/1/home/"),
    "[Service] StandardOutput=",
  ],
  ["a line that continues", edit(always, "Description=", "Description=\\\n"), "[Unit] Description="],
  ["a setting with a space", edit(always, "User=a1", "User = root"), "[Service] User ="],
  ["an included file", adds(always, ".include /etc/x"), "an unknown line"],
  ["a section that is not known", adds(always, "[Install]\nWantedBy=sysinit.target"), "[Install] WantedBy="],
  [
    "a socket that runs a command",
    adds("systemd/account-1-http-api.socket", "ExecStartPost=/bin/sh"),
    "[Socket] ExecStartPost=",
  ],
  [
    "a socket of another account",
    edit("systemd/account-1-http-api.socket", "account-1-http-api\n", "account-2-http-api\n"),
    "[Socket] ListenStream=",
  ],
  ["a timer that starts another unit", adds(timer, "Unit=reboot.target"), "[Timer] Unit="],
  ["a timer of another account", ["systemd/account-2-task-tidy.timer", rendered(timer)], "no file of an account"],
  ["a unit of root when a task fails", edit(tidy, /OnFailure=.*/, "OnFailure=reboot.target"), "[Unit] OnFailure="],
  ["no limit", edit("systemd/account-1.slice", /MemoryMax=.*/, "MemoryMax=infinity"), "[Slice] MemoryMax="],
  [
    "another limit than the declared one",
    edit("systemd/account-1.slice", /MemoryMax=.*/, "MemoryMax=9999M"),
    "[Slice] MemoryMax=",
  ],
  [
    "a limit of its services that is something else",
    adds("systemd/account-1-.service.d/50-limits.conf", "User=root"),
    "[Service] User=",
  ],
  [
    "a drop-in that takes the place of the sandbox",
    ["systemd/account-1-.service.d/50-sandbox.conf", rendered("systemd/account-1-.service.d/50-limits.conf")],
    "no file of an account",
  ],
  ["a unit of root", ["systemd/helper.service", "[Service]\nExecStart=/bin/sh\n"], "no file of an account"],
  ["a unit of another account", ["systemd/account-2-http-x.service", rendered(always)], "no file of an account"],
  ["a mount", ["systemd/account-1-x.mount", "[Mount]\nWhat=/dev/sda\n"], "no file of an account"],
  [
    "a symlink to a unit of root",
    ["systemd/fairhost.target.wants/account-1-http-api.socket", "-> ../fairhost-logs.service\n"],
    "another target",
  ],
  ["a symlink in the place of a unit", [always, "-> ../../../etc/x.service\n"], "an unknown line"],
  ["a script", ["libexec/account-1", "#!/bin/sh\n"], "no file of an account"],
  ["an unknown folder", ["unknown/1", "x"], "no file of an account"],
  ["uid 0", edit("userdb/a1.user", /"uid":\d+/, '"uid":0'), "an unknown line"],
  ["membership of a group", edit("userdb/a1.user", "}", ',"memberOf":["sudo"]}'), "an unknown line"],
  ["the record of another user", ["userdb/root.user", rendered("userdb/a1.user")], "no file of an account"],
  ["the visitors of another host name", ["sites/names/www.bob.test", rendered(map)], "no file of an account"],
  ["all visitors that nobody else has", ["sites/names/default", rendered(map)], "no file of an account"],
  ["visitors for another account's server", edit(map, "/account-1-", "/account-2-"), "an unknown line"],
  ["a redirect that says more", edit(map, /1\/\S*unix:.*/, "1/redirect:301:https://x/$host"), "an unknown line"],
  ["visitors for any address", edit(map, /1\/\S*unix:.*/, "1/http://[::1]:22"), "an unknown line"],
  ["the certificate of another name", adds(map, "certificate www.bob.test"), "an unknown line"],
  [
    "what another account's server has chosen",
    adds(map, "unix:/run/fairhost-http/account-2-http-api choice 1-10"),
    "an unknown line",
  ],
  [
    "a variable that no web site chooses",
    adds(map, "unix:/run/fairhost-http/account-1-http-api site 2/suspended"),
    "an unknown line",
  ],
  [
    "the prefix of another account",
    ["bird/accounts/1.conf", rendered("bird/accounts/1.conf").replace("1::/64", "2::/64")],
    "an unknown line",
  ],
  ["a route for everything", ["network/accounts/1", "::/0\n"], "an unknown line"],
  ["no slice", ["systemd/account-1.slice", undefined], "the account stays"],
])("%s", (_, [path, text], expected) => {
  test(`needs an approval: ${path}`, () => expect(judged(path, text)).toBe(expected));
});

test("a unit may mount files of a folder only if the folder says where, and there", () => {
  const mount = "/var/lib/fairhost/current/lighttpd/static.conf:/etc/lighttpd/lighttpd.conf";
  const text = rendered(always);
  expect(text).toContain(mount);
  const others = [
    mount.replace("current/lighttpd", "current/nftables"),
    mount.replace("current/lighttpd", "current/no-folder"),
    mount.replace(":/etc/lighttpd", ":/etc/ssl"),
  ];
  expect(others.map((other) => judged(always, text.replace(mount, other)))).toEqual(
    others.map(() => "[Service] BindPaths="),
  );
});
