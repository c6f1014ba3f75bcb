import { nothingDeclared } from "../../components/registry/subject.ts";
import { between, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { trustApproved } from "./trust-approved.ts";

type Way = NonNullable<(typeof valid.hosts)[number]["ssh"]>;
const ssh = (change: Partial<Way>) =>
  to(changed(valid, "hosts", 0, (host) => ({ ...host, ssh: { ...host.ssh!, ...change } })));
const withoutSecond = { ...valid, hosts: valid.hosts.slice(0, 1) };

testGuardRule(trustApproved, {
  "a host that is reached at another address: the next deploy would hand root's session to whoever answers there": {
    change: ssh({ address: "203.0.113.7" }),
    expect: [
      "needs approval: host h1 ssh.address: Changes where root logs in for host h1, or the key it is known by: SSH address 2001:db8:1:0:1::1 to 203.0.113.7. [trust host h1]",
    ],
  },
  "a host that is reached at another port": {
    change: ssh({ port: 2222 }),
    expect: [
      "needs approval: host h1 ssh.port: Changes where root logs in for host h1, or the key it is known by: SSH port 22 to 2222. [trust host h1]",
    ],
  },
  "another key": {
    change: ssh({ hostKey: "ssh-ed25519 EVIL" }),
    expect: [
      "needs approval: host h1 ssh.hostKey: Changes where root logs in for host h1, or the key it is known by: SSH host key ssh-ed25519 AAAA1 to ssh-ed25519 EVIL. [trust host h1]",
    ],
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
      "needs approval: host h1 ssh.hostKey: Changes where root logs in for host h1, or the key it is known by: SSH host key none to ssh-ed25519 AAAA1. [trust host h1]",
    ],
  },
  "the state of a release that did not say how a host is reached": {
    change: between(
      changed(valid, "hosts", 0, ({ ssh: _, ...host }) => host),
      valid,
    ),
    expect: [],
  },
  "a new host": {
    change: between(withoutSecond, valid),
    expect: [
      "needs approval: host h2 ssh: Root logs in to new host h2 at 2001:db8:1:0:1::2 port 22, known by ssh-ed25519 AAAA2. [trust host h2]",
    ],
  },
  "a new fleet": { change: between(nothingDeclared, valid), expect: [] },
});
