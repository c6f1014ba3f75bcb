import type { Files, Pick } from "./edits.ts";
import { platformWithEverything } from "./platform-edits.ts";

/** What accounts have beside web sites, and what leads to them: edits of it at random places. */

type Edit = (files: Files, pick: Pick) => void;
// biome-ignore lint/suspicious/noExplicitAny: one item of a file
type Item = any;

const keys = [
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPGmdlfNGHNIRhvmoAIhcdYIpdab7Ps9yYKBt/4NPv3A one",
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl two",
];
const accounts = (files: Files): Item[] =>
  [...files]
    .filter(([file]) => file.startsWith("accounts/"))
    .sort()
    .map(([, account]) => account);
const one = <T>(list: readonly T[], pick: Pick): T => list[pick(list.length)]!;
const some = (files: Files, pick: Pick): Item => one(accounts(files), pick);
/** One that has something in this list; undefined if none has. */
const having = (files: Files, list: string, pick: Pick): Item | undefined => {
  const all = accounts(files).filter((account) => account[list]?.length > 0);
  return all.length === 0 ? undefined : one(all, pick);
};
const server = (files: Files, pick: Pick): Item => one(having(files, "httpServers", pick).httpServers, pick);
const command = ["/usr/bin/python3", "run.py"];

const login = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$YAXMK9Llbqk/FSGbrI16AP6p2zwE4UhuWrJZceAG.p2";
const visitor = (letter: string) => `$2b$05$${letter.repeat(53)}`;

/** The example fleet with something of every kind: with it an edit can take away what the example itself lacks. */
export function withEverything(files: Files): Files {
  platformWithEverything(files);
  files.get("plans/medium.yaml").passwordLogins = true;
  const network = files.get("network.yaml");
  network.certificates = { directory: "https://ca.example/directory", email: "ops@example.com" };
  network.platformDomain = "hosted.example";
  for (const [index, account] of accounts(files).entries()) {
    if (index % 2 === 0) account.users = [{ name: "owner", keys: [keys[0]] }];
    if (index % 3 === 0) account.databases = [{ name: "main", engine: "mariadb", connections: 20 }];
    if (index % 4 === 0) account.services = [{ name: "queue", command, port: 8300 + index }];
    if (index % 5 === 0) account.tasks = [{ name: "nightly", command, calendar: "03:00" }];
    if (account.plan === "medium")
      account.users = [{ name: "files", directory: "www", protocols: ["sftp"], passwordHash: login }];
    if (index % 3 === 2) account.firewall = [{ action: "drop", direction: "in", protocol: "tcp", ports: [9100] }];
    const [first] = account.httpServers ?? [];
    if (first && index % 4 === 0) first.passwords = { jo: visitor("a") };
    if (first && index % 4 !== 0) first.waf = { level: one(["basic", "strong"], () => index % 2) };
    if (first && index % 2 === 0)
      account.httpServers.push({ name: "beside", number: 90, kind: "static", root: "beside" });
    if (first && index % 2 === 1) Object.assign(first, { httpsOnly: true, hstsSeconds: 3600 });
    if (first?.hostnames && index % 3 === 1) first.hostnames.push(`*.${first.hostnames[0]}`);
  }
  return files;
}

export const harmlessForAccounts: Readonly<Record<string, Edit>> = {
  "a service added": (files, pick) => {
    const account = some(files, pick);
    account.services = [...(account.services ?? []), { name: `worker-${pick(1e6)}`, command }];
  },
  "a scheduled task at another time": (files, pick) => {
    const account = having(files, "tasks", pick);
    if (account) account.tasks[0].calendar = `0${pick(10)}:30`;
  },
  "a port of a service": (files, pick) => {
    const account = having(files, "services", pick);
    if (account) account.services[0].port = 8400 + pick(99);
  },
  "a database added": (files, pick) => {
    const account = having(files, "databases", pick);
    if (account) account.databases.push({ name: `extra_${pick(1e6)}`, engine: account.databases[0].engine });
  },
  "HTTPS alone or not": (files, pick) => {
    const own = server(files, pick);
    if (own.httpsOnly) {
      delete own.httpsOnly;
      delete own.hstsSeconds;
    } else own.httpsOnly = true;
  },
  "a path of an own name": (files, pick) => {
    const own = server(files, pick);
    if (own.hostnames?.[0]) own.addresses = [`${own.hostnames[0].replace("*.", "")}/p${pick(1e6)}`];
  },
  "a user who leaves": (files, pick) => {
    const account = having(files, "users", pick);
    if (account) account.users.pop();
  },
  "an account resumed": (files, pick) => {
    delete some(files, pick).suspended;
  },
};

export const harmfulForAccounts: Readonly<Record<string, Edit>> = {
  "a WAF lowered": (files, pick) => {
    const own = server(files, pick);
    if (!own.waf) return;
    const lower = one([undefined, { level: "basic" }, { ...own.waf, watchOnly: true }], pick);
    if (lower) own.waf = lower;
    else delete own.waf;
  },
  "a host name to another web site of the account": (files, pick) => {
    const { httpServers } = having(files, "httpServers", pick);
    const [from, to] = [httpServers[0], httpServers.at(-1)];
    if (from !== to && from.hostnames?.length > 0) to.hostnames = [...(to.hostnames ?? []), from.hostnames.pop()];
  },
  "a path of a host name to another web site of the account": (files, pick) => {
    const { httpServers } = having(files, "httpServers", pick);
    const [from, to] = [httpServers[0], httpServers.at(-1)];
    if (from !== to && from.hostnames?.[0]) to.addresses = [`${from.hostnames[0].replace("*.", "")}/q${pick(1e6)}`];
  },
  "files of another web site of the account": (files, pick) => {
    const { httpServers } = having(files, "httpServers", pick);
    const [from, to] = [httpServers[0], httpServers.at(-1)];
    if (from !== to && to.kind === "static" && ["static", "php"].includes(from.kind)) to.root = from.root ?? "www";
  },
  "a user added": (files, pick) => {
    const account = some(files, pick);
    account.users = [...(account.users ?? []), { name: `u${pick(1e6)}`, keys: [one(keys, pick)] }];
  },
  "another key of a user": (files, pick) => {
    const account = having(files, "users", pick);
    if (account) account.users[0].keys = [keys[1]];
  },
  "a user by another name": (files, pick) => {
    const account = having(files, "users", pick);
    if (account) account.users[0].name = `u${pick(1e6)}`;
  },
  "a database deleted": (files, pick) => {
    having(files, "databases", pick)?.databases.pop();
  },
  "a database's connections": (files, pick) => {
    const account = having(files, "databases", pick);
    if (account) account.databases[0].connections = 10 + pick(20);
  },
  "a password of a user": (files, pick) => {
    const user = having(files, "users", pick)?.users[0];
    if (user?.passwordHash === undefined) return;
    if (pick(2) === 0 && user.keys) delete user.passwordHash;
    else user.passwordHash = login.replace("p2", `${pick(10)}${pick(10)}`);
  },
  "what a user reaches": (files, pick) => {
    const user = having(files, "users", pick)?.users[0];
    if (user) Object.assign(user, one([{ directory: "elsewhere" }, { protocols: ["ssh", "sftp"] }], pick));
  },
  "a plan with logins by password": (files, pick) => {
    const plans = [...files].filter(([file]) => file.startsWith("plans/")).map(([, plan]) => plan);
    one<Item>(plans, pick).passwordLogins = true;
  },
  "passwords of a web site": (files, pick) => {
    const own = server(files, pick);
    if (own.passwords === undefined) return;
    if (pick(2) === 0) delete own.passwords;
    else own.passwords = { ...own.passwords, eve: visitor("b") };
  },
  "a web site with passwords by another name, without": (files, pick) => {
    const own = server(files, pick);
    if (own.passwords === undefined) return;
    delete own.passwords;
    Object.assign(own, { name: `n${pick(1e6)}`, number: 20 + pick(70) });
  },
  "a name or the files of a web site with passwords at one without": (files, pick) => {
    const account = some(files, pick);
    const own = account.httpServers?.find(({ passwords }: Item) => passwords !== undefined);
    if (own === undefined) return;
    const further = { name: `n${pick(1e6)}`, number: 20 + pick(70), kind: "static" };
    if (pick(2) === 0 && own.hostnames?.length > 1)
      account.httpServers.push({ ...further, root: "public/other", hostnames: [own.hostnames.pop()] });
    else account.httpServers.push({ ...further, root: own.root ?? "www", hostnames: [`f${pick(1e6)}.example.net`] });
  },
  "a rule of an account's firewall": (files, pick) => {
    const account = some(files, pick);
    if (account.firewall && pick(2) === 0) delete account.firewall;
    else account.firewall = [{ action: "accept", direction: "in", protocol: "tcp", ports: [8300 + pick(99)] }];
  },
  "an account suspended": (files, pick) => {
    some(files, pick).suspended = { since: "2026-11-22", reason: "the bills are not paid" };
  },
  "another CA": (files, pick) => {
    const network = files.get("network.yaml");
    if (pick(2) === 0) delete network.certificates;
    else if (network.certificates) network.certificates.directory = `https://ca-${pick(100)}.example/directory`;
  },
  "another platform domain": (files, pick) => {
    files.get("network.yaml").platformDomain = `hosted-${pick(100)}.example`;
  },
  "connections or mails of a plan": (files, pick) => {
    const plans = [...files].filter(([file]) => file.startsWith("plans/")).map(([, plan]) => plan);
    const limit = one(["outgoingConnections", "outgoingPerSecond", "mailsPerMinute", "inodes", "swapMaxMb"], pick);
    one<Item>(plans, pick)[limit] = one([1000, 900], pick);
  },
  "a name below or above a name of another account": (files, pick) => {
    const [from, to] = [server(files, pick), server(files, pick)];
    const [name] = from.hostnames ?? [];
    if (name === undefined || to.hostnames === undefined) return;
    const own = name.replace("*.", "");
    to.hostnames.push(one([`n${pick(1e6)}.${own}`, `*.${own}`, own.replace(/^[^.]+\.(?=.*\.)/, "")], pick));
  },
  "a name given up for another account's wildcard": (files, pick) => {
    const [from, to] = [server(files, pick), server(files, pick)];
    const name = from.hostnames?.pop();
    if (name !== undefined && to.hostnames !== undefined)
      to.hostnames.push(`*.${name.replace("*.", "").replace(/^[^.]+\.(?=.*\.)/, "")}`);
  },
};
