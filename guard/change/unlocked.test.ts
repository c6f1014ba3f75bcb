import { describe, expect, test } from "vitest";
import type { Declaration, HttpServerInputs } from "../../components/registry/kinds.generated.ts";
import { reviewed, valid } from "../../testing/test-guard-rule.ts";
import { sideOf } from "./side.ts";

const first = valid.httpServers.find(({ account, kind }) => account === 1 && kind === "static")!;
type Changes = Readonly<Record<string, unknown>>;
/** An HTTP server of account 1. */
const server = (name: string, number: number, changes: Changes = {}) =>
  ({
    ...first,
    name,
    number,
    unit: `account-1-http-${name}`,
    hostnames: [],
    root: name,
    ...changes,
  }) as HttpServerInputs;
const having = (...servers: readonly HttpServerInputs[]): Declaration => ({
  ...valid,
  httpServers: [...valid.httpServers.filter(({ account }) => account !== 1), ...servers],
});
const program = (changes: Changes = {}) => ({
  kind: "program",
  command: ["/usr/bin/app"],
  directory: "app",
  environment: {},
  ...changes,
});

const protections = {
  passwords: {
    has: { passwords: { jo: `$2b$05$${"a".repeat(53)}` } },
    more: { passwords: { jo: `$2b$05$${"a".repeat(53)}`, al: `$2b$05$${"b".repeat(53)}` } },
    found: (what: string) => `visitors see ${what} without the passwords of HTTP server 1/shut`,
    approval: { action: "trust", resource: "httpServer 1/open" },
  },
  waf: {
    has: { waf: { level: "strong" } },
    more: { waf: { level: "strong", exclusions: ["942100 /blog"] } },
    found: (what: string) => `visitors see ${what} without all of the WAF of HTTP server 1/shut`,
    approval: { action: "shrink", resource: "httpServer 1/open" },
  },
} as const;

describe.each(Object.values(protections))("$approval.action", ({ has, more, found, approval }) => {
  const seen = (before: Declaration, after: Declaration) =>
    reviewed({ before: sideOf(before), after: sideOf(after) }).findings.map(({ message, approval }) => ({
      message,
      approval,
    }));
  const shut = (changes: Changes = {}) => server("shut", 1, { hostnames: ["shut.example.org"], ...has, ...changes });
  const open = (changes: Changes = {}) => server("open", 2, { hostnames: ["open.example.org"], ...changes });

  test.each<[string, before: readonly HttpServerInputs[], after: readonly HttpServerInputs[], what: string]>([
    [
      "a host name",
      [shut(), open()],
      [shut({ hostnames: [] }), open({ hostnames: ["open.example.org", "shut.example.org"] })],
      "shut.example.org",
    ],
    [
      "a host name of a server that goes",
      [shut(), open()],
      [open({ hostnames: ["shut.example.org"] })],
      "shut.example.org, the account's address",
    ],
    [
      "a host name, to less of it",
      [shut(), open()],
      [shut({ hostnames: [] }), open({ hostnames: ["shut.example.org"], ...more })],
      "shut.example.org",
    ],
    [
      "a path of its host name",
      [shut(), open()],
      [shut(), open({ addresses: ["shut.example.org/admin"] })],
      "shut.example.org/admin",
    ],
    [
      "a path below one of its own",
      [shut({ hostnames: [], addresses: ["open.example.org/a"] }), open()],
      [shut({ hostnames: [], addresses: ["open.example.org/a"] }), open({ addresses: ["open.example.org/A/b"] })],
      "open.example.org/a/b",
    ],
    [
      "a path that it gives up, to who has the rest of the name",
      [shut({ hostnames: [], addresses: ["open.example.org/a"] }), open()],
      [shut({ hostnames: [] }), open()],
      "open.example.org/a",
    ],
    [
      "a name below its wildcard",
      [shut({ hostnames: ["*.example.org"] }), open()],
      [shut({ hostnames: ["*.example.org"] }), open({ hostnames: ["open.example.org", "x.example.org"] })],
      "x.example.org",
    ],
    [
      "a name that only a wildcard covers from now on",
      [shut({ hostnames: ["x.example.org"] }), open({ hostnames: ["*.example.org"] })],
      [shut({ hostnames: [] }), open({ hostnames: ["*.example.org"] })],
      "x.example.org",
    ],
    ["the account's address", [shut({ number: 3 })], [shut({ number: 3 }), open()], "the account's address"],
    ["its files under another name", [shut(), open()], [shut(), open({ root: "shut/inside" })], "files of shut/inside"],
    ["its files by a new server", [shut()], [shut(), open({ root: "shut" })], "files of shut"],
    ["its program", [shut(program())], [shut(program()), open(program())], "what /usr/bin/app in app answers"],
    [
      "its program's port, by a proxy",
      [shut(program())],
      [shut(program()), open({ kind: "proxy", to: "http://127.0.0.1:8001", keepHost: false })],
      "what HTTP server shut answers",
    ],
    [
      "what it passes requests on to",
      [shut({ kind: "proxy", to: "http://127.0.0.1:8300", keepHost: false })],
      [
        shut({ kind: "proxy", to: "http://127.0.0.1:8300", keepHost: false }),
        open({ kind: "proxy", to: "http://127.0.0.1:8300/x", keepHost: true }),
      ],
      "what http://127.0.0.1:8300/x answers",
    ],
    [
      "its name, to a redirect",
      [shut(), open()],
      [
        shut({ hostnames: [] }),
        open({
          kind: "redirect",
          to: "https://open.example.net",
          status: 308,
          keepPath: true,
          hostnames: ["shut.example.org"],
        }),
      ],
      "shut.example.org",
    ],
  ])("shown without it: %s", (_, before, after, what) => {
    expect(seen(having(...before), having(...after))).toContainEqual({
      message: expect.stringContaining(found(what)),
      approval,
    });
  });

  test.each([
    "http://127.0.0.1:8001",
    "http://localhost:8001",
    "http://localhost.:8001",
    "http://app.localhost:8001",
    "http://ip6-localhost:8001/x",
    "http://127.0.0.1:08001",
    "http://0.0.0.0:8001",
    "http://127.1:8001",
    "http://127.200.0.9:8001//x",
    "http://2130706433:8001",
    "http://0x7f.1:8001",
    "http://0:8001",
    "https://127.0.0.1:8001",
    "http://[::1]:8001",
    "http://[0:0::1]:8001",
    "http://[::]:8001",
    "http://[::ffff:127.0.0.1]:8001",
    // The account's own address of IPv4: no other one of that range is reached.
    "http://100.64.3.233:8001",
    "http://100.127.255.254:8001/x",
    "http://1681916905:8001",
    // The host's own name, which /etc/hosts of accounts has too.
    "http://par1-web1:8001",
  ])("%s is the program's port, and the service to which another one passes requests on", (to) => {
    const proxy = { kind: "proxy", to, keepHost: false };
    expect(seen(having(shut(program())), having(shut(program()), open(proxy)))).toContainEqual({
      message: expect.stringContaining(found("what HTTP server shut answers")),
      approval,
    });
    const passing = shut({ ...proxy, to: "http://127.0.0.1:8001" });
    expect(seen(having(passing), having(passing, open(proxy)))).toContainEqual({
      message: expect.stringContaining(found(`what ${to} answers`)),
      approval,
    });
  });

  test.each(["http://maps.example.net:8001", "https://par1-web1.example.net:8001/x"])(
    "%s may be the program's port: whoever has the name in DNS leads it to the account's address",
    (to) => {
      const proxy = { kind: "proxy", to, keepHost: false };
      const words = `what HTTP server shut answers, if ${new URL(to).hostname} leads to the account`;
      expect(seen(having(shut(program())), having(shut(program()), open(proxy)))).toContainEqual({
        message: expect.stringContaining(found(words)),
        approval,
      });
      const passing = shut({ ...proxy, to: "http://127.0.0.1:8001" });
      const both = seen(having(passing), having(passing, open(proxy)));
      expect(both).toContainEqual({
        message: expect.stringContaining(found(`what ${to} answers, if ${new URL(to).hostname} leads to the account`)),
        approval,
      });
    },
  );

  test.each([
    ["http://maps.example.net/a/b", "http://maps.example.net:080/a//b/"],
    ["http://maps.example.net/a/b", "http://maps.example.net/c/../%61/b"],
    ["https://maps.example.net", "https://maps.example.net:443/100%"],
  ])("%s is %s, or has it inside", (was, to) => {
    const passing = shut({ kind: "proxy", to: was, keepHost: false });
    expect(seen(having(passing), having(passing, open({ kind: "proxy", to, keepHost: false })))).toContainEqual({
      message: expect.stringContaining(found(`what ${to} answers`)),
      approval,
    });
  });

  test.each<[string, before: readonly HttpServerInputs[], after: readonly HttpServerInputs[]]>([
    [
      "a host name, to a server that has it too",
      [shut(), open(has)],
      [shut({ hostnames: [] }), open({ ...has, hostnames: ["shut.example.org"] })],
    ],
    [
      "a host name that nobody had",
      [shut(), open()],
      [shut(), open({ hostnames: ["open.example.org", "new.example.org"] })],
    ],
    ["a path of a name of its own", [shut(), open()], [shut(), open({ addresses: ["open.example.org/shut"] })]],
    [
      "a host name that it gets",
      [shut(), open()],
      [shut({ hostnames: ["shut.example.org", "open.example.org"] }), open({ hostnames: [] })],
    ],
    ["files that it shared before", [shut(), open({ root: "shut" })], [shut(), open({ root: "shut/inside" })]],
    ["another program", [shut(program())], [shut(program()), open(program({ command: ["/usr/bin/other"] }))]],
    [
      "another port, by a proxy",
      [shut(program())],
      [shut(program()), open({ kind: "proxy", to: "http://127.0.0.1:80012", keepHost: false })],
    ],
    [
      "the same port elsewhere, by a proxy",
      [shut(program())],
      [shut(program()), open({ kind: "proxy", to: "http://128.0.0.1:8001", keepHost: false })],
    ],
    [
      "another port of a name, by a proxy",
      [shut(program())],
      [shut(program()), open({ kind: "proxy", to: "https://maps.example.net", keepHost: false })],
    ],
    [
      "its own name, at which the front end asks again, by a proxy",
      [shut(program())],
      [shut(program()), open({ kind: "proxy", to: "https://shut.example.org", keepHost: false })],
    ],
    [
      "an address beside the account's range of IPv4, by a proxy",
      [shut(program())],
      [shut(program()), open({ kind: "proxy", to: "http://100.128.0.1:8001", keepHost: false })],
    ],
    [
      "another server behind the port of the first",
      [shut({ kind: "proxy", to: "http://maps.example.net:9000", keepHost: false })],
      [
        shut({ kind: "proxy", to: "http://maps.example.net:9000", keepHost: false }),
        open({ kind: "proxy", to: "http://tiles.example.net:9000", keepHost: false }),
      ],
    ],
    [
      "another path of the service",
      [shut({ kind: "proxy", to: "http://127.0.0.1:8300/a", keepHost: false })],
      [
        shut({ kind: "proxy", to: "http://127.0.0.1:8300/a", keepHost: false }),
        open({ kind: "proxy", to: "http://localhost:8300/ab", keepHost: false }),
      ],
    ],
  ])("not shown: %s", (_, before, after) => {
    const told = seen(having(...before), having(...after)).filter(({ message }) => message.includes("visitors see"));
    expect(told).toEqual([]);
  });
});
