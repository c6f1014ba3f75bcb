import { accountMoved } from "../../testing/fixtures/wave-fixture.ts";
import { between, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { movesPlanned } from "./moves-planned.ts";

// Accounts have a server of every kind, however many kinds there are.
const giver = valid.httpServers.find(({ account }) => account === 1)!;
const taker = valid.httpServers.find(({ account }) => account === 2)!;
const hostname = giver.hostnames[0]!;

const answering = (of: typeof giver, name: string) => ({
  ...valid,
  httpServers: valid.httpServers.map((server) => (server === of ? { ...server, hostnames: [name] } : server)),
});

const without = changed(valid, "registers", 0, (register) => ({ ...register, deletedNames: ["old-choir"] }));
const buried = changed(without, "networks", 0, (network) => ({ ...network, platformDomain: "hosted.example" }));
const renamed = (of: typeof valid) => changed(of, "accounts", 0, (account) => ({ ...account, name: "old-choir" }));

testGuardRule(movesPlanned, {
  "an account moves to another host": {
    change: to(accountMoved()),
    expect: [
      "needs approval: account 1 host: Moves account 1 (acme-1) from h1 to h2; `guard deploy` copies its data and stops it for the last part, `pulumi up` copies nothing. [move account 1]",
    ],
  },
  "an account goes from a lost host to another host": {
    change: to(changed(accountMoved(), "hosts", 0, (host) => ({ ...host, lost: "2026-11-27" }))),
    expect: [
      "needs approval: account 1 host: Moves account 1 (acme-1) from h1 to h2; that host is lost, so `guard deploy` restores its newest backup; what came later is lost. [move account 1]",
    ],
    // The others stay on it.
    alsoFound: ["redundancy-kept", "trust-approved"],
  },
  "a host moves to another rack": {
    change: to(changed(valid, "hosts", 0, (host) => ({ ...host, rack: "r2" }))),
    expect: ["needs approval: host h1: Moves host h1 from r1 of one at alpha to r2 of one at alpha. [move host h1]"],
  },
  "a switch moves to another rack": {
    change: to(changed(valid, "switches", 0, (each) => ({ ...each, rack: "r2" }))),
    expect: [
      "needs approval: switch sw1: Moves switch sw1 from r1 of one at alpha to r2 of one at alpha. [move switch sw1]",
    ],
    alsoFound: ["policies-hold"],
  },
  "a host name goes to another account": {
    change: to({
      ...valid,
      httpServers: valid.httpServers.map((server) => {
        if (server === giver) return { ...server, hostnames: ["new.example.org"] };
        return server === taker ? { ...server, hostnames: [...server.hostnames, hostname] } : server;
      }),
    }),
    expect: [
      `needs approval: httpServer 2/${taker.name} hostnames: Moves host name ${hostname} from account 1 to account 2. [hand-over hostname ${hostname}]`,
    ],
  },
  "a path below a host name of another account": {
    change: to({
      ...valid,
      httpServers: valid.httpServers.map((server) => {
        if (server === giver) return { ...server, hostnames: [] };
        return server === taker ? { ...server, addresses: [`${hostname}/shop`] } : server;
      }),
    }),
    expect: [
      `needs approval: httpServer 2/${taker.name} addresses: Moves host name ${hostname} from account 1 to account 2. [hand-over hostname ${hostname}]`,
    ],
  },
  "a name that another account's wildcard had": {
    change: between(answering(giver, "*.example.net"), answering(taker, "shop.example.net")),
    expect: [
      `needs approval: httpServer 2/${taker.name} hostnames: Moves host name shop.example.net (of *.example.net) from account 1 to account 2. [hand-over hostname shop.example.net]`,
    ],
  },
  "a wildcard over a name that another account had": {
    change: between(answering(giver, "shop.example.net"), answering(taker, "*.example.net")),
    expect: [
      `needs approval: httpServer 2/${taker.name} hostnames: Moves host name *.example.net (with shop.example.net) from account 1 to account 2. [hand-over hostname *.example.net]`,
    ],
  },
  "a name below a name of another account: pages of both would share cookies": {
    change: between(answering(giver, "example.net"), {
      ...answering(giver, "example.net"),
      httpServers: valid.httpServers.map((server) => {
        if (server === giver) return { ...server, hostnames: ["example.net"] };
        return server === taker ? { ...server, hostnames: ["login.example.net"] } : server;
      }),
    }),
    expect: [
      `needs approval: httpServer 2/${taker.name} hostnames: Gives account 2 host name login.example.net, below example.net of account 1. [hand-over hostname login.example.net]`,
    ],
  },
  "a wildcard deep below a wildcard of another account": {
    change: between(answering(giver, "*.example.net"), answering(taker, "*.shop.example.net")),
    expect: [
      `needs approval: httpServer 2/${taker.name} hostnames: Gives account 2 host name *.shop.example.net, below *.example.net of account 1. [hand-over hostname *.shop.example.net]`,
    ],
  },
  "a name above a name of another account": {
    change: between(answering(giver, "login.shop.example.net"), {
      ...valid,
      httpServers: valid.httpServers.map((server) => {
        if (server === giver) return { ...server, hostnames: ["login.shop.example.net"] };
        return server === taker ? { ...server, hostnames: ["example.net"] } : server;
      }),
    }),
    expect: [
      `needs approval: httpServer 2/${taker.name} hostnames: Gives account 2 host name example.net, above login.shop.example.net of account 1. [hand-over hostname example.net]`,
    ],
  },
  "names beside each other, and below an account's own": {
    change: between(answering(giver, "one.example.net"), {
      ...valid,
      httpServers: valid.httpServers.map((server) => {
        if (server === giver) return { ...server, hostnames: ["one.example.net", "www.one.example.net"] };
        return server === taker ? { ...server, hostnames: ["two.example.net"] } : server;
      }),
    }),
    expect: [],
  },
  "an account's own wildcard over its own name": {
    change: between(answering(giver, "shop.example.net"), answering(giver, "*.example.net")),
    expect: [],
  },
  "an account takes the name of a deleted one": {
    change: between(buried, renamed(buried)),
    expect: [
      "needs approval: account 1 name: Gives account 1 host name old-choir.hosted.example, which a deleted account had. [hand-over hostname old-choir.hosted.example]",
    ],
  },
  "an account takes the name of a deleted one, on a platform that gives no host names": {
    change: between(without, renamed(without)),
    expect: [],
  },
  "host names go to other HTTP servers of their accounts": {
    change: to({
      ...valid,
      httpServers: valid.httpServers.map((server) => {
        const own = valid.httpServers.filter(({ account }) => account === server.account);
        return { ...server, hostnames: own[(own.indexOf(server) + 1) % own.length]!.hostnames };
      }),
    }),
    expect: [],
  },
});
