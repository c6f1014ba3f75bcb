import type { Files, Pick } from "./edits.ts";

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

/** The example fleet with something of every kind: with it an edit can take away what the example itself lacks. */
export function withEverything(files: Files): Files {
  const network = files.get("network.yaml");
  network.certificates = { directory: "https://ca.example/directory", email: "ops@example.com" };
  network.platformDomain = "hosted.example";
  for (const [index, account] of accounts(files).entries()) {
    if (index % 2 === 0) account.users = [{ name: "owner", keys: [keys[0]] }];
    if (index % 3 === 0) account.databases = [{ name: "main", engine: "mariadb", connections: 20 }];
    if (index % 4 === 0) account.services = [{ name: "queue", command, port: 8300 + index }];
    if (index % 5 === 0) account.tasks = [{ name: "nightly", command, calendar: "03:00" }];
    const [first] = account.httpServers ?? [];
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
  "an account suspended": (files, pick) => {
    some(files, pick).suspended = { since: "2026-11-22", reason: "the bills are not paid" };
  },
  "another CA": (files, pick) => {
    const network = files.get("network.yaml");
    if (pick(2) === 0) delete network.certificates;
    else network.certificates.directory = `https://ca-${pick(100)}.example/directory`;
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
