import { testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { accountMoved } from "../../testing/wave-fixture.ts";
import { movesPlanned } from "./moves-planned.ts";

testGuardRule(movesPlanned, {
  "an account moves to another host": {
    change: to(accountMoved()),
    expect: [
      "needs approval: account 1 host: Moves account 1 (acme-1) from h1 to h2; its data is not copied. [move account 1]",
    ],
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
      httpServers: valid.httpServers.map((server, index) => {
        const ofFirst = valid.httpServers[0]!.hostnames;
        if (index === 0) return { ...server, hostnames: ["new.example.org"] };
        return server.account === 2 && server.kind === "static"
          ? { ...server, hostnames: [...server.hostnames, ...ofFirst] }
          : server;
      }),
    }),
    expect: [
      "needs approval: httpServer 2/www hostnames: Moves host name www1.example.org from account 1 to account 2. [hand-over hostname www1.example.org]",
    ],
  },
  "a host name goes to another HTTP server of its account": {
    change: to({
      ...valid,
      httpServers: valid.httpServers.map((server) => {
        const [one, other] = valid.httpServers.filter(({ account }) => account === server.account);
        return { ...server, hostnames: (server === one ? other! : one!).hostnames };
      }),
    }),
    expect: [],
  },
});
