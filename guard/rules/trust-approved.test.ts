import { elementName, nothingDeclared } from "../../components/registry/subject.ts";
import { between, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { trustApproved } from "./trust-approved.ts";

type Way = NonNullable<(typeof valid.hosts)[number]["ssh"]>;
const ssh = (change: Partial<Way>) =>
  to(changed(valid, "hosts", 0, (host) => ({ ...host, ssh: { ...host.ssh!, ...change } })));
const way = { address: "2001:db8:1::1", port: 22, hostKey: "ssh-ed25519 AAAA9" };
const reached = (change: Partial<Way>) =>
  changed(valid, "routers", 0, (router) => ({ ...router, ssh: { ...way, ...change } }));
const withoutRouter = { ...valid, routers: valid.routers.slice(1) };
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl eve";
const user = valid.users[0]!;
const withoutUsers = { ...valid, users: valid.users.slice(1) };
const certified = (directory: string) =>
  changed(valid, "networks", 0, (network) => ({ ...network, certificates: { directory, email: "ops@example.com" } }));
const proven = (provider: string, secret = "A_TOKEN") =>
  changed(certified("https://ca.example/directory"), "networks", 0, (network) => ({
    ...network,
    certificates: { ...network.certificates!, dns: { provider, secrets: [secret] } },
  }));
const withoutSecond = { ...valid, hosts: valid.hosts.filter(({ name }) => name !== "h2") };

testGuardRule(trustApproved, {
  "a host that is reached at another address: the next deploy would hand root's session to whoever answers there": {
    change: ssh({ address: "203.0.113.7" }),
    expect: [
      "needs approval: host h1 ssh.address: Host h1 changes where root logs in, or the key that it expects there: SSH address 2001:db8:1:0:1::1 to 203.0.113.7. [trust host h1]",
    ],
  },
  "a host that is reached at another port": {
    change: ssh({ port: 2222 }),
    expect: [
      "needs approval: host h1 ssh.port: Host h1 changes where root logs in, or the key that it expects there: SSH port 22 to 2222. [trust host h1]",
    ],
  },
  "another key": {
    change: ssh({ hostKey: "ssh-ed25519 EVIL" }),
    expect: [
      "needs approval: host h1 ssh.hostKey: Host h1 changes where root logs in, or the key that it expects there: SSH host key ssh-ed25519 AAAA1 to ssh-ed25519 EVIL. [trust host h1]",
    ],
    alsoFound: ["nothing-opened"],
  },
  "a key where there was none": {
    change: between(
      changed(valid, "hosts", 0, ({ ssh: was, ...host }) => ({
        ...host,
        ssh: { address: was!.address, port: was!.port },
      })),
      valid,
    ),
    expect: [
      "needs approval: host h1 ssh.hostKey: Host h1 changes where root logs in, or the key that it expects there: SSH host key none to ssh-ed25519 AAAA1. [trust host h1]",
    ],
    alsoFound: ["nothing-opened"],
  },
  "the state of a release that did not say how a host is reached": {
    change: between(
      changed(valid, "hosts", 0, ({ ssh: _, ...host }) => host),
      valid,
    ),
    expect: [],
    alsoFound: ["nothing-opened"],
  },
  "a router to which root logs in from now on": {
    change: to(reached({})),
    expect: [
      "needs approval: router rt1 ssh.address: Router rt1 changes where root logs in, or the key that it expects there: SSH address none to 2001:db8:1::1, SSH port none to 22, SSH host key none to ssh-ed25519 AAAA9. [trust router rt1]",
    ],
  },
  "a router that is reached at another address": {
    change: between(reached({}), reached({ address: "203.0.113.7" })),
    expect: [
      "needs approval: router rt1 ssh.address: Router rt1 changes where root logs in, or the key that it expects there: SSH address 2001:db8:1::1 to 203.0.113.7. [trust router rt1]",
    ],
  },
  "a new router with `ssh`": {
    change: between(withoutRouter, reached({})),
    expect: [
      "needs approval: router rt1 ssh: Root logs in to new router rt1 at 2001:db8:1::1 port 22, known by ssh-ed25519 AAAA9. [trust router rt1]",
    ],
  },
  "a router to which root does not log in any more": {
    change: between(reached({}), valid),
    expect: [
      "needs approval: router rt1 ssh.address: Router rt1 changes where root logs in, or the key that it expects there: SSH address 2001:db8:1::1 to none, SSH port 22 to none, SSH host key ssh-ed25519 AAAA9 to none. [trust router rt1]",
    ],
  },
  "a new host": {
    change: between(withoutSecond, valid),
    expect: [
      "needs approval: host h2 ssh: Root logs in to new host h2 at 2001:db8:1:0:1::2 port 22, known by ssh-ed25519 AAAA2. [trust host h2]",
    ],
    alsoFound: ["nothing-opened"],
  },
  "a further user of an account, who could read and change all that it has": {
    change: between(withoutUsers, valid),
    expect: [
      `needs approval: user ${elementName("users", user)} keys: New user ${elementName("users", user)} changes who may log in: keys now includes ${user.keys.join(", ")}, password hash added; what a login reaches: directory none to ${user.directory}, protocols now includes ${user.protocols.join(", ")}. [trust user ${elementName("users", user)}]`,
    ],
  },
  "a user by another name": {
    change: to({ ...valid, users: valid.users.map((each) => (each === user ? { ...each, name: "eve" } : each)) }),
    expect: [
      `needs approval: user ${user.account}/eve keys: New user ${user.account}/eve changes who may log in: keys now includes ${user.keys.join(", ")}, password hash added; what a login reaches: directory none to ${user.directory}, protocols now includes ${user.protocols.join(", ")}. [trust user ${user.account}/eve]`,
    ],
  },
  "another key of a user": {
    change: to({ ...valid, users: valid.users.map((each) => (each === user ? { ...each, keys: [key] } : each)) }),
    expect: [
      `needs approval: user ${elementName("users", user)} keys: User ${elementName("users", user)} changes who may log in: keys no longer includes ${user.keys.join(", ")} and now includes ${key}. [trust user ${elementName("users", user)}]`,
    ],
  },
  "a user who leaves": { change: to(withoutUsers), expect: [] },
  "users of a new account": {
    change: between(
      { ...withoutUsers, accounts: valid.accounts.filter(({ number }) => number !== user.account) },
      { ...valid, users: [user] },
    ),
    expect: [],
  },
  "a CA where there was none": {
    change: to(certified("https://ca.example/directory")),
    expect: [
      "needs approval: network 64496 certificates.directory: Network AS 64496 changes who issues the certificates of all host names: certificates directory none to https://ca.example/directory. [trust network 64496]",
    ],
  },
  "another CA": {
    change: between(certified("https://ca.example/directory"), certified("https://evil.example/directory")),
    expect: [
      "needs approval: network 64496 certificates.directory: Network AS 64496 changes who issues the certificates of all host names: certificates directory https://ca.example/directory to https://evil.example/directory. [trust network 64496]",
    ],
  },
  "a new fleet": { change: between(nothingDeclared, valid), expect: [] },
  "a DNS provider where there was none": {
    change: between(certified("https://ca.example/directory"), proven("one")),
    expect: [
      "needs approval: network 64496 certificates.dns.provider: Network AS 64496 changes who proves in DNS that wildcards are the platform's: certificates dns provider none to one, certificates dns secrets now includes A_TOKEN. [trust network 64496]",
    ],
  },
  "another DNS provider": {
    change: between(proven("one"), proven("two")),
    expect: [
      "needs approval: network 64496 certificates.dns.provider: Network AS 64496 changes who proves in DNS that wildcards are the platform's: certificates dns provider one to two. [trust network 64496]",
    ],
  },
  "another secret of the DNS provider": {
    change: between(proven("one"), proven("one", "B_TOKEN")),
    expect: [
      "needs approval: network 64496 certificates.dns.secrets: Network AS 64496 changes who proves in DNS that wildcards are the platform's: certificates dns secrets no longer includes A_TOKEN and now includes B_TOKEN. [trust network 64496]",
    ],
  },
});
