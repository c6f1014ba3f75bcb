import { between, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { redundancyKept } from "./redundancy-kept.ts";

const host = (change: (was: (typeof valid.hosts)[number]) => Partial<(typeof valid.hosts)[number]>, index = 0) =>
  changed(valid, "hosts", index, (was) => ({ ...was, ...change(was) }));
const standby = (name: string) => changed(valid, "accounts", 0, (account) => ({ ...account, standby: name }));
const recabled = (was: (typeof valid.hosts)[number]) => ({
  links: was.links.map((link, index) => (index === 0 ? { ...link, switchPort: `${link.switchPort}9` } : link)),
});

testGuardRule(redundancyKept, {
  "an operator exchanged for another": {
    change: to(
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((each, index) =>
          index === 3 ? { ...each, name: "init7", asNumber: 64_599 } : each,
        ),
      })),
    ),
    expect: [
      "needs approval: network 64496 operators.op4: Network AS 64496 changes its redundancy: operators op4 removed. [weaken network 64496]",
    ],
  },
  "another AS number of an operator, larger or not, and another owner": {
    change: to(
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((each, index) =>
          index === 3 ? { ...each, asNumber: 64_599, parentAsNumber: 64_600 } : each,
        ),
      })),
    ),
    expect: [
      "needs approval: network 64496 operators.op4.asNumber: Network AS 64496 changes its redundancy: operators op4 AS number 64504 to 64599, operators op4 parent AS number none to 64600. [weaken network 64496]",
    ],
  },
  "a further operator": {
    change: to(
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: [...network.operators, { name: "op5", asNumber: 64_505, routers: ["rt1"] }],
      })),
    ),
    expect: [],
  },
  "a list in another order": {
    change: to(changed(valid, "networks", 0, (network) => ({ ...network, operators: network.operators.toReversed() }))),
    expect: [],
  },
  "one link of each host recabled": {
    change: to({ ...valid, hosts: valid.hosts.map((was) => ({ ...was, ...recabled(was) })) }),
    expect: [
      "needs approval: host b1 links.eth0.switchPort: Host b1 changes its redundancy: links eth0 switch port p60000 to p600009. [weaken host b1]",
      "needs approval: host h1 links.eth0.switchPort: Host h1 changes its redundancy: links eth0 switch port p1 to p19. [weaken host h1]",
      "needs approval: host h2 links.eth0.switchPort: Host h2 changes its redundancy: links eth0 switch port p2 to p29. [weaken host h2]",
    ],
  },
  "a third link": {
    change: to(host(({ links }) => ({ links: [...links, { ...links[0]!, port: "eth2", switchPort: "p99" }] }))),
    expect: [],
  },
  "a backup host turned to a spare": {
    change: between(
      host(() => ({ role: "backup" }), 1),
      host(() => ({ role: "spare" }), 1),
    ),
    expect: ["needs approval: host h2 role: Host h2 changes its redundancy: role backup to spare. [weaken host h2]"],
    alsoFound: ["nothing-opened", "policies-hold"],
  },
  "a switch exchanged for one of another maker": {
    change: to(changed(valid, "switches", 0, (device) => ({ ...device, manufacturer: "nokia" }))),
    expect: [
      "needs approval: switch sw1 manufacturer: Switch sw1 changes its redundancy: manufacturer arista to nokia. [weaken switch sw1]",
    ],
  },
  "another backup site": {
    change: to(changed(valid, "sites", 0, (site) => ({ ...site, backupSite: "gamma" }))),
    expect: [
      "needs approval: site alpha backupSite: Site alpha changes its redundancy: backup site beta to gamma. [weaken site alpha]",
    ],
    alsoFound: ["policies-hold"],
  },
  "fewer spare parts": {
    change: to(
      changed(valid, "sites", 0, (site) => ({
        ...site,
        spares: site.spares.map((spare) => ({ ...spare, count: spare.count - 1 })),
      })),
    ),
    expect: [
      "needs approval: site alpha spares.PM893.count: Site alpha changes its redundancy: spare parts PM893 count 2 to 1, spare parts PWR-800 count 2 to 1, spare parts 7050X count 2 to 1, spare parts QFX5120 count 2 to 1, spare parts MX204 count 2 to 1, spare parts SR-1 count 2 to 1. [weaken site alpha]",
    ],
  },
  "more spare parts": {
    change: to(
      changed(valid, "sites", 0, (site) => ({
        ...site,
        spares: site.spares.map((spare) => ({ ...spare, count: spare.count + 1 })),
      })),
    ),
    expect: [],
  },
  "a standby where there was none": { change: to(standby("h2")), expect: [] },
  "a standby taken away": {
    change: between(standby("h2"), valid),
    expect: [
      "needs approval: account 1 standby: Account 1 changes its redundancy: standby h2 to none. [weaken account 1]",
    ],
  },
});
