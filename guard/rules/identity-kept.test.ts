import { between, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { identityKept } from "./identity-kept.ts";

const rebased = {
  ...changed(valid, "networks", 0, (network) => ({ ...network, uidBase: 300_000 })),
  accounts: valid.accounts.map((account) => ({
    ...account,
    uid: 300_000 + account.number,
    gid: 300_000 + account.number,
  })),
};
const buried = changed(valid, "registers", 0, (register) => ({ ...register, tombstones: [77, 78] }));

const named = (fleet: string) => changed(valid, "networks", 0, (network) => ({ ...network, fleet }));

testGuardRule(identityKept, {
  "a fleet that calls itself by another name": {
    change: between(named("prod"), named("other")),
    expect: [
      "needs approval: network 64496 fleet: Changes the identity of the fleet from prod to other. [renumber fleet prod]",
    ],
  },
  "a fleet that no longer says which it is": {
    change: between(named("prod"), valid),
    expect: [
      "needs approval: network 64496 fleet: Changes the identity of the fleet from prod to none. [renumber fleet prod]",
    ],
  },
  "a fleet of 0.1.0 that says which it is": { change: to(named("prod")), expect: [] },
  "another uidBase is one finding, not one for each account": {
    change: to(rebased),
    expect: [
      "blocked: network 64496 uidBase: Changes the first uid from 200000 to 300000: every account gets a new uid, but its files on the hosts keep the old one. Write `uidBase: 200000` into network.yaml.",
    ],
    alsoFound: ["nothing-opened"],
  },
  "another uid of one account": {
    change: to(changed(valid, "accounts", 0, (account) => ({ ...account, uid: 200_099, gid: 200_099 }))),
    expect: ["blocked: account 1: Changes uid, gid of account 1."],
    alsoFound: ["policies-hold"],
  },
  "another prefix of an account": {
    change: to(
      changed(valid, "addresses", 0, (each) => ({
        ...each,
        prefix: "2001:db8:1:99::/64",
        address: "2001:db8:1:99::1",
      })),
    ),
    expect: ["blocked: address 1: Changes the prefix of account 1 from 2001:db8:1:1::/64 to 2001:db8:1:99::/64."],
  },
  "another prefix of a site": {
    change: to(changed(valid, "sites", 1, (site) => ({ ...site, prefix: "2001:db8:3::/48" }))),
    expect: [
      "blocked: site beta prefix: Changes the prefix of site beta from 2001:db8:2::/48 to 2001:db8:3::/48: every account there gets a new address.",
    ],
  },
  "a number that is no longer taken": {
    change: between(
      buried,
      changed(buried, "registers", 0, (register) => ({ ...register, tombstones: [78] })),
    ),
    expect: [
      "blocked: register register: Removes number 77 from the tombstones: a new account could get the number of a deleted one.",
    ],
  },
  "the ranges of the platform in another order": {
    change: between(
      changed(valid, "networks", 0, (network) => ({ ...network, prefixes4: ["192.0.2.0/24", "198.51.100.0/24"] })),
      changed(valid, "networks", 0, (network) => ({ ...network, prefixes4: ["198.51.100.0/24", "192.0.2.0/24"] })),
    ),
    expect: [],
  },
  "another range of the platform": {
    change: to(
      changed(valid, "networks", 0, (network) => ({
        ...network,
        prefixes4: [...network.prefixes4, "198.51.100.0/24"],
      })),
    ),
    expect: [
      "needs approval: network 64496: Changes the ranges of the platform's network from 2001:db8::/32, 192.0.2.0/24 to 2001:db8::/32, 192.0.2.0/24, 198.51.100.0/24. [renumber network 64496]",
    ],
  },
  "another address of a host": {
    change: to(changed(valid, "hosts", 0, (host) => ({ ...host, managementAddress: "2001:db8:1:0:2::99" }))),
    expect: ["needs approval: host h1: Changes management address of host h1. [renumber host h1]"],
  },
  "another name of an account, which is no identity": {
    change: to(changed(valid, "accounts", 0, (account) => ({ ...account, name: "emca" }))),
    expect: [],
  },
});
