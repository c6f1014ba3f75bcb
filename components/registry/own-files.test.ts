import { describe, expect, test } from "vitest";
import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, programServer, service, staticServer, task } from "../../testing/bundle-fixture.ts";
import { declarationFixture } from "../../testing/fixture.ts";
import { limitNames, limitOf } from "../plan/each-limit.ts";
import { bundleFolders } from "./bundle-folders.generated.ts";
import type { Declaration } from "./kinds.generated.ts";
import { notOwn, otherParts, ownerOf } from "./own-files.ts";

/** One of each kind, and the same with values that are not the default. */
const sides: readonly Declaration[] = [
  declarationFixture({ hosts: 1, accounts: 2 }),
  declarationOf([
    {
      number: 1,
      name: "alice",
      limits: { cpuWeight: 50, cacheDiskMb: 64, mailsPerMinute: 0, outgoingPerSecond: 5 },
      servers: [
        {
          ...staticServer("always", 0),
          ...{ https: true, httpsOnly: true, bodyMaxMb: 8 },
          headers: { Link: '<a>; rel="b"' },
          passwords: { kim: `$2b$05$${"a".repeat(53)}` },
        },
        staticServer("app", 20, "www/a b", { fallback: "index.html", cacheSeconds: 60 }),
        programServer("cached", ["bin/cached"], { cache: true, answerSeconds: 10 }),
        programServer("guarded", ["bin/guarded"], {
          waf: {
            level: "strong",
            exclusions: ["942100", "941100 /a.b/", "932160 from 2001:db8::/32", "941110 /c from 192.0.2.0/24"],
          },
        }),
        programServer("api", ["bin/api", "+x", 'a "b" $c %d'], {
          socketActivation: true,
          environment: { A: "User=root" },
        }),
      ],
      services: [service("work", ["bin/work"], { port: 8300 })],
      tasks: [task("tidy", ["bin/tidy"])],
    },
    { number: 2, name: "empty" },
  ]),
  declarationOf(
    [1, 2].map((number) => ({
      ...{ number, name: `gone-${number}`, servers: [staticServer("www")] },
      suspended: { since: "2026-11-22", reason: "unpaid" },
    })),
  ),
].map((declaration) => ({
  ...declaration,
  accounts: declaration.accounts.map((account) => ({
    ...account,
    firewall: ["drop in tcp port 8300 from 2001:db8::/32", "reject out udp"],
    backup: { site: declaration.sites[0]!.name, retentionDays: 7 },
  })),
}));

/** The same accounts, as the backup host of their site has them. */
function keeping(declaration: Declaration): Declaration {
  const [host] = declaration.hosts;
  return { ...declaration, hosts: [{ ...host!, name: "keeper", role: "backup" }, ...declaration.hosts] };
}

interface Own {
  readonly declaration: Declaration;
  readonly number: number;
  readonly file: BundleFile;
}

const own: readonly Own[] = sides.flatMap((declaration) =>
  [declaration, keeping(declaration)].flatMap((each) =>
    Object.entries(renderBundle(each, each.hosts[0]!.name).groups).flatMap(([group, value]) =>
      group === "host"
        ? []
        : value!.files.map((file) => ({ declaration, number: Number(group.slice("account-".length)), file })),
    ),
  ),
);

const textOf = ({ content, link }: BundleFile) => content ?? `-> ${link}\n`;

/** What is not the own of account 1 of the second declaration in a file. */
function judged(path: string, text: string | undefined): string | undefined {
  return notOwn(path, text, ownerOf(sides[1]!, 1)!, bundleFolders);
}

/** A file of account 1 as the program renders it. */
function rendered(path: string): string {
  return textOf(
    own.find((each) => each.declaration === sides[1] && each.number === 1 && each.file.path === path)!.file,
  );
}

// A kind whose files are named here needs a form of them in `ofAccount` of the folder (*.host.ts), reviewed like the sandbox.
test("all that the program renders for an account is the account's own, and of no other account", () => {
  const foreign = own.flatMap(({ declaration, number, file }) => {
    const of = (owner: number) => notOwn(file.path, textOf(file), ownerOf(declaration, owner)!, bundleFolders);
    const [mine, theirs] = [of(number), of(3 - number)];
    return mine === undefined && theirs !== undefined ? [] : [`${file.path}: ${mine ?? "also of another account"}`];
  });
  expect(foreign).toEqual([]);
});

test("the host's own files are nobody's", () => {
  const files = sides.flatMap((each) => renderBundle(each, each.hosts[0]!.name).groups.host!.files);
  expect(files.filter(({ path, ...file }) => judged(path, textOf({ path, ...file })) === undefined)).toEqual([]);
});

test("an account may say nothing that no kind makes use of", () => {
  const unused = bundleFolders.flatMap(({ name, ...folder }) => {
    const patterns = ("ofAccount" in folder ? folder.ofAccount : []).flatMap((form) => [
      ...("lines" in form ? form.lines : []),
      ...("link" in form ? [form.link] : []),
    ]);
    const text = own.filter(({ file }) => file.path.startsWith(`${name}/`)).map(({ file }) => textOf(file));
    // Sections and further words of a list are not in the text: the part after them is looked for.
    const bare = (pattern: RegExp) => new RegExp(pattern.source.replace(/^\\\[\w+\\\] (?:Bind\w+=)?/, ""), "m");
    return patterns.filter((pattern) => !text.some((each) => bare(pattern).test(each))).map(String);
  });
  expect(unused).toEqual([]);
});

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
const map = "nginx/accounts/1.map";
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
    adds(always, "BindReadOnlyPaths=/var/lib/fairhost/current/libexec/..:/opt/fairhost/x"),
    "[Service] BindReadOnlyPaths=",
  ],
  [
    "the records of another account",
    edit(program, "userdb/a1.user:", "userdb/a2.user:"),
    "[Service] BindReadOnlyPaths=",
  ],
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
    "a link to a unit of root",
    ["systemd/fairhost.target.wants/account-1-http-api.socket", "-> ../fairhost-logs.service\n"],
    "another target",
  ],
  ["a link in the place of a unit", [always, "-> ../../../etc/x.service\n"], "an unknown line"],
  ["a script", ["libexec/account-1", "#!/bin/sh\n"], "no file of an account"],
  ["an unknown folder", ["unknown/1", "x"], "no file of an account"],
  ["uid 0", edit("userdb/a1.user", /"uid":\d+/, '"uid":0'), "an unknown line"],
  ["membership of a group", edit("userdb/a1.user", "}", ',"memberOf":["sudo"]}'), "an unknown line"],
  ["the record of another user", ["userdb/root.user", rendered("userdb/a1.user")], "no file of an account"],
  [
    "the visitors of another host name",
    adds(map, "www.bob.test 1/unix:/run/fairhost-http/account-1-http-api;"),
    "an unknown line",
  ],
  [
    "all visitors that nobody else has",
    adds(map, "default 1/unix:/run/fairhost-http/account-1-http-api;"),
    "an unknown line",
  ],
  ["visitors for another account's server", edit(map, "/account-1-", "/account-2-"), "an unknown line"],
  ["a redirect that says more", edit(map, /1\/unix:.*;/, "1/redirect:301:https://x/$host;"), "an unknown line"],
  ["visitors for any address", edit(map, /1\/unix:.*;/, "1/http://[::1]:22;"), "an unknown line"],
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
    others.map(() => "[Service] BindReadOnlyPaths="),
  );
});

test("other files than the slice may go: without them nothing of the account runs", () => {
  const paths = own.filter((each) => each.declaration === sides[1] && each.number === 1).map(({ file }) => file.path);
  expect(paths.filter((path) => judged(path, undefined) !== undefined)).toEqual(["systemd/account-1.slice"]);
});

describe("a file that differs from what it was, judged by what is new in it", () => {
  const approved = rendered(always).replace("[Service]\n", "[Service]\nExecStartPre=+/bin/approved\n");
  const against = (text: string, now: string, others: readonly string[] = []) =>
    notOwn(always, now, ownerOf(sides[1]!, 1)!, bundleFolders, { text, others: new Set(others) });

  test("what was approved before is nothing new, wherever it stands", () => {
    expect(judged(always, approved)).toBe("[Service] ExecStartPre=");
    expect(against(approved, approved.replace(/LimitNOFILE=.*/, "LimitNOFILE=9:9"))).toBeUndefined();
    expect(
      against(approved, `${approved.replace("ExecStartPre=+/bin/approved\n", "")}ExecStartPre=+/bin/approved\n`),
    ).toBe(undefined);
  });

  test("what may name something that the owner has otherwise now is judged anew", () => {
    expect(against(approved, approved, ["backupSite"])).toBeUndefined();
    expect(against(approved, approved, ["uid", "user"])).toBe("[Service] ExecStartPre=");
  });

  test("an empty file is no file that was there before", () => {
    expect(judged(always, "")).toBe("without [Service] Slice=");
  });

  test("a new line beside an approved one is judged", () => {
    expect(against(approved, approved.replace("approved\n", "approved\nExecStartPre=+/bin/other\n"))).toBe(
      "[Service] ExecStartPre=",
    );
  });

  test("lines at the end that another header moves into another section are judged", () => {
    const moved = approved.replace("User=a1\n", "").replace("ExecStartPre=", "[Unit]\nUser=a1\nExecStartPre=");
    expect(against(approved, moved)).toBe("[Unit] User=");
    expect(against(approved, approved.replace(/(?<=\n)\[Service\]\n/, ""))).toMatch(/^\[Unit\] /);
  });

  test("a line that it must have is missed although all others were there", () => {
    expect(against(approved, approved.replace("User=a1\n", ""))).toBe("without [Service] User=");
  });
});

test("owners differ in all that files may name, and in what follows from it", () => {
  const whole = ownerOf(sides[1]!, 1)!;
  const copy = () =>
    structuredClone(whole) as unknown as { account: Record<string, unknown> } & Record<string, object[]>;
  const others = (of: string, key: string, value: unknown = 7) => {
    const other = copy();
    const data = of === "account" ? other.account : of === "limits" ? (other.account.limits as object) : other[of]![0]!;
    Reflect.set(data, key, value);
    return [...otherParts(other as never, whole)];
  };
  expect([...otherParts(copy() as never, whole)]).toEqual([]);
  for (const key of ["number", "name", "user", "uid", "host"]) expect(others("account", key)).toEqual([key]);
  expect(others("addresses", "address")).toEqual(["address"]);
  expect(others("addresses", "prefix")).toEqual(["prefix", "inside"]);
  for (const key of ["hostnames", "addresses"]) expect(others("servers", key, ["other.example"])).toEqual(["hostname"]);
  expect(others("services", "port")).toEqual(["port"]);
  for (const name of limitNames) expect(others("limits", name)).toEqual(["limit", "bound"]);
});

test("an account that is declared on one side alone has everything otherwise", () => {
  const whole = ownerOf(sides[1]!, 1)!;
  expect([...otherParts(undefined, undefined)]).toEqual([]);
  for (const named of ["uid", "limit", "bound", "inside", "sharedFolder"])
    expect(otherParts(whole, undefined)).toContain(named);
});
