import type { Draft } from "../inventory/wrong-inventory.cases.ts";
import {
  account,
  approve,
  bakery,
  choir,
  clinic,
  engraver,
  type HostileCase,
  museum,
  network,
  press,
  suspended,
  unprotect,
  userOf,
} from "./corpus.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl eve";
const names = "[bakery.example.com, www.bakery.example.com]";
const passwords = `    passwords: {jo: "$2b$05$${"a".repeat(53)}"}\n`;
const locked = (draft: Draft) => draft.edit(bakery, "kind: static\n", `kind: static\n${passwords}`);
const further = (more: string) => `  - {name: shop, number: 2, kind: static, ${more}}\n`;
const letters = "  - name: letters\n";
const queue = "QUEUE: letters\n";
const site = (hostname: string) =>
  `httpServers:\n  - {name: site, number: 1, kind: static, hostnames: ["${hostname}"]}\n`;
const members = "databases:\n  - name: members\n    engine: postgresql\n";

/** What a hostile author tries on accounts, each with the nearest thing that is allowed. */
export const hostileAccounts: Readonly<Record<string, HostileCase>> = {
  "a user with the author's key in somebody's account": {
    level: "needs approval",
    edit: (draft) => draft.append(bakery, userOf("helper", key)),
    twin: (draft) => account(draft, 1015, "par1-web2", userOf("helper", key)),
  },
  "a second key for a user": {
    level: "needs approval",
    edit: (draft) =>
      draft.edit(choir, "conductor@choir.example.org\n", `conductor@choir.example.org\n      - ${key}\n`),
    twin: (draft) => draft.edit(choir, "conductor@choir.example.org\n", "conductor@choir.example.org # at home\n"),
  },
  "another key for a user": {
    level: "needs approval",
    edit: (draft) =>
      draft.edit(choir, "AAAAC3NzaC1lZDI1NTE5AAAAIPGmdlfNGHNIRhvmoAIhcdYIpdab7Ps9yYKBt/4NPv3A", key.split(" ")[1]!),
    twin: (draft) => draft.edit(choir, "  # Brings the members' pages.\n", "  # Brings pages.\n"),
  },
  "a user by another name, whose key somebody else has": {
    level: "needs approval",
    edit: (draft) => draft.edit(choir, "name: conductor", "name: treasurer"),
    twin: (draft) => approve(draft.edit(choir, "name: conductor", "name: treasurer"), "trust", "user 1002/treasurer"),
  },
  "a user in an account that was suspended because somebody broke in": {
    level: "needs approval",
    base: (draft) => draft.append(bakery, suspended),
    edit: (draft) => draft.append(bakery, userOf("helper", key)),
    twin: (draft) => draft.edit(bakery, suspended, ""),
  },
  "an account suspended for no reason": {
    level: "needs approval",
    edit: (draft) => draft.append(clinic, suspended),
    twin: (draft) => approve(draft.append(clinic, suspended), "suspend", "account 1011"),
  },
  "a database deleted": {
    level: "needs approval",
    edit: (draft) => draft.edit(choir, members, ""),
    twin: (draft) => draft.edit(choir, "engine: postgresql\n", "engine: postgresql\n    connections: 20\n"),
  },
  "a database called otherwise, empty": {
    level: "needs approval",
    edit: (draft) => draft.edit(choir, "name: members\n    engine", "name: my_members\n    engine"),
    twin: (draft) => draft.edit(choir, members, `${members}  - name: my_members\n    engine: postgresql\n`),
  },
  "a database at another engine, empty": {
    level: "needs approval",
    edit: (draft) => draft.edit(choir, "engine: postgresql", "engine: mariadb"),
    twin: (draft) => draft.edit(choir, members, `${members}  - name: letters\n    engine: postgresql\n`),
  },
  "fewer connections to a database": {
    level: "needs approval",
    edit: (draft) => draft.edit(choir, "engine: postgresql\n", "engine: postgresql\n    connections: 1\n"),
    twin: (draft) => draft.edit(choir, "engine: postgresql\n", "engine: postgresql\n    connections: 11\n"),
  },
  "fewer connections to the outside for one account": {
    level: "needs approval",
    edit: (draft) => draft.append(museum, "limits:\n  outgoingConnections: 1\n"),
    twin: (draft) => draft.append(museum, "limits:\n  outgoingConnections: 1000\n"),
  },
  "mails taken away from one account": {
    level: "needs approval",
    edit: (draft) => draft.append(museum, "limits:\n  mailsPerMinute: 0\n"),
    twin: (draft) => draft.append(museum, "limits:\n  mailsPerMinute: 60\n"),
  },
  "a hundred times the mails for one account": {
    level: "needs approval",
    edit: (draft) => draft.append(museum, "limits:\n  mailsPerMinute: 6000\n"),
    twin: (draft) => approve(draft.append(museum, "limits:\n  mailsPerMinute: 6000\n"), "shrink", "account 1004"),
  },
  "new connections to the outside without end for a new account": {
    level: "needs approval",
    edit: (draft) => account(draft, 1015, "par1-web2", "limits:\n  outgoingPerSecond: 1000\n"),
    twin: (draft) => account(draft, 1015, "par1-web2", "limits:\n  outgoingPerSecond: 10\n"),
  },
  "a wildcard over a name that another account gives up": {
    level: "needs approval",
    edit: (draft) =>
      draft
        .edit(bakery, names, "[bakery.example.com]")
        .edit(press, "[press.example.com]", "[press.example.com, '*.bakery.example.com']"),
    twin: (draft) => draft.edit(bakery, names, "[bakery.example.com, '*.bakery.example.com']"),
  },
  "a name below another account's name: its pages share cookies": {
    level: "needs approval",
    edit: (draft) => account(draft, 1015, "par1-web2", site("login.bakery.example.com")),
    twin: (draft) => account(draft, 1015, "par1-web2", site("login-bakery.example.com")),
  },
  "a name above another account's name": {
    level: "needs approval",
    edit: (draft) => draft.edit(press, "[press.example.com]", "[press.example.com, example.org]"),
    twin: (draft) =>
      approve(
        draft.edit(press, "[press.example.com]", "[press.example.com, example.org]"),
        "hand-over",
        "hostname example.org",
      ),
  },
  "a name below the wildcard of another account, which gives the wildcard up": {
    level: "needs approval",
    base: (draft) => draft.edit(press, "[press.example.com]", "[press.example.com, '*.press.example.com']"),
    edit: (draft) =>
      draft
        .edit(press, "[press.example.com, '*.press.example.com']", "[press.example.com]")
        .edit(bakery, names, "[bakery.example.com, admin.press.example.com]"),
    twin: (draft) => draft.edit(press, "'*.press.example.com'", "admin.press.example.com"),
  },
  "a path below another account's host name, which gives the name up": {
    level: "needs approval",
    edit: (draft) =>
      draft
        .edit(bakery, names, "[bakery.example.com]")
        .edit(press, "hostnames:", "addresses: [www.bakery.example.com/shop]\n    hostnames:"),
    twin: (draft) => draft.edit(press, "hostnames:", "addresses: [press.example.com/shop]\n    hostnames:"),
  },
  "a path below another account's host name": {
    level: "blocked",
    edit: (draft) => draft.edit(press, "hostnames:", "addresses: [choir.example.org/shop]\n    hostnames:"),
    twin: (draft) => draft.edit(press, "hostnames:", "addresses: [press.example.com/a/b/c]\n    hostnames:"),
  },
  "a wildcard over names of all others": {
    level: "blocked",
    edit: (draft) => draft.edit(bakery, names, "[bakery.example.com, '*.example.org']"),
    twin: (draft) => draft.edit(bakery, names, "[bakery.example.com, '*.bakery.example.com']"),
  },
  "two accounts that exchange their names, and with them their names below the platform's domain": {
    level: "needs approval",
    base: (draft) => draft.append(network, "platformDomain: hosted.example\n"),
    edit: (draft) => draft.edit(bakery, "name: bakery", "name: press").edit(press, "name: press", "name: bakery"),
    twin: (draft) => draft.edit(bakery, "name: bakery", "name: pastry"),
  },
  "a name of another account below the platform's domain": {
    level: "blocked",
    base: (draft) => draft.append(network, "platformDomain: hosted.example\n"),
    edit: (draft) => draft.edit(bakery, names, "[bakery.example.com, press.hosted.example]"),
    twin: (draft) => draft.edit(bakery, names, "[bakery.example.com, shop.bakery.hosted.example]"),
  },
  "a new account without protection": {
    level: "blocked",
    edit: (draft) => account(draft, 1015, "par1-web2", "protect: false\n"),
    twin: (draft) => account(draft, 1015, "par1-web2", "protect: true\n"),
  },
  "a protection taken away by an author's waiver": {
    level: "needs approval",
    edit: (draft) => unprotect(draft, engraver),
    twin: (draft) => draft.append(engraver, "protect: true\n"),
  },
  "an account on a spare host": {
    level: "blocked",
    edit: (draft) => account(draft, 1015, "par1-spare1"),
    twin: (draft) => account(draft, 1015, "par1-web3"),
  },
  "an account on a backup host": {
    level: "blocked",
    edit: (draft) => account(draft, 1015, "bak1-backup1"),
    twin: (draft) => account(draft, 1015, "par2-web3"),
  },
  "a standby on a backup host": {
    level: "blocked",
    edit: (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-web4\nstandby: bak1-backup1"),
    twin: (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-web4\nstandby: par2-web4"),
  },
  "the number of an HTTP server exchanged": {
    level: "needs approval",
    edit: (draft) => draft.edit(choir, "number: 2\n", "number: 5\n"),
    twin: (draft) => draft.edit(choir, "trimPath: true", "trimPath: false"),
  },
  "HTTPS alone, in a fleet that has no certificates": {
    level: "blocked",
    edit: (draft) => draft.edit(bakery, "kind: static", "kind: static\n    httpsOnly: true"),
    twin: (draft) => draft.edit(bakery, "kind: static", "kind: static\n    cacheSeconds: 60"),
  },
  "a web site without its passwords": {
    level: "needs approval",
    base: locked,
    edit: (draft) => draft.edit(bakery, passwords, ""),
    twin: (draft) => approve(draft.edit(bakery, passwords, ""), "trust", "httpServer 1001/site"),
  },
  "a web site without its passwords, by another name and number": {
    level: "needs approval",
    base: locked,
    edit: (draft) =>
      draft.edit(
        bakery,
        `name: site\n    number: 1\n    kind: static\n${passwords}`,
        "name: web\n    number: 2\n    kind: static\n    root: public\n",
      ),
    twin: (draft) =>
      approve(
        draft.edit(bakery, "name: site\n    number: 1\n", "name: web\n    number: 2\n"),
        "trust",
        "httpServer 1001/web",
      ),
  },
  "a host name of a web site with passwords at another one without": {
    level: "needs approval",
    base: locked,
    edit: (draft) =>
      draft
        .edit(bakery, names, "[bakery.example.com]")
        .append(bakery, further("root: public, hostnames: [www.bakery.example.com]")),
    twin: (draft) => draft.append(bakery, further("root: public, hostnames: [shop.example.com]")),
  },
  "the files of a web site with passwords, at another one without": {
    level: "needs approval",
    base: locked,
    edit: (draft) => draft.append(bakery, further("root: www/members, hostnames: [shop.example.com]")),
    twin: (draft) => draft.append(bakery, further("root: www2, hostnames: [shop.example.com]")),
  },
  "a port that another program of the account has": {
    level: "blocked",
    base: (draft) => draft.edit(choir, letters, `${letters}    port: 8300\n`),
    edit: (draft) =>
      draft.edit(
        choir,
        "services:\n",
        "services:\n  - {name: second, command: [/usr/bin/python3, two.py], port: 8300}\n",
      ),
    twin: (draft) =>
      draft.edit(
        choir,
        "services:\n",
        "services:\n  - {name: second, command: [/usr/bin/python3, two.py], port: 8301}\n",
      ),
  },
  "a program that gets more memory than its plan, by its own file": {
    level: "needs approval",
    edit: (draft) => draft.append(engraver, "limits:\n  memoryMaxMb: 4096\n"),
    twin: (draft) => draft.edit(choir, queue, "QUEUE: more\n"),
  },
};
