import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { defaultLimits } from "../../components/review/limits.file.ts";
import { testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { pairsApart } from "./pairs-apart.ts";

/** The valid fixture with its first host changed. */
const host = (change: (host: Declaration["hosts"][number]) => Partial<Declaration["hosts"][number]>) =>
  to(changed(valid, "hosts", 0, (each) => ({ ...each, ...change(each) })));

const newModel = <T extends { model: string }>(each: T): T => ({ ...each, model: `${each.model}-2` });

/** The declaration of a fleet whose chain a gets its power from another feed. */
function feedOfChainA(declaration: Declaration, feed: string): Declaration {
  const fed = <T extends Pick<Declaration["hosts"][number], "powerSupplies">>(each: T): T => ({
    ...each,
    powerSupplies: each.powerSupplies.map((supply) => (supply.chain === "a" ? { ...supply, feed } : supply)),
  });
  const { hosts, routers, switches } = declaration;
  const sites = declaration.sites.map((site) => ({
    ...site,
    halls: site.halls.map((hall) => ({
      ...hall,
      chains: hall.chains.map((chain) => (chain.name === "a" ? { ...chain, feed } : chain)),
    })),
  }));
  return { ...declaration, sites, hosts: hosts.map(fed), routers: routers.map(fed), switches: switches.map(fed) };
}

/** The declaration of a fleet whose halls and chains have other names, with all references. @param but other feeds of the chains */
function otherNames(declaration: Declaration, but: (feed: string) => string = (feed) => feed): Declaration {
  const named = <T extends Pick<Declaration["hosts"][number], "hall" | "powerSupplies">>(each: T): T => ({
    ...each,
    hall: `new-${each.hall}`,
    powerSupplies: each.powerSupplies.map((supply) => ({ ...supply, chain: `new-${supply.chain}` })),
  });
  const { hosts, routers, switches } = declaration;
  const sites = declaration.sites.map((site) => ({
    ...site,
    halls: site.halls.map((hall) => ({
      ...hall,
      name: `new-${hall.name}`,
      chains: hall.chains.map(({ name, feed }) => ({ name: `new-${name}`, feed: but(feed) })),
    })),
  }));
  return { ...declaration, sites, hosts: hosts.map(named), routers: routers.map(named), switches: switches.map(named) };
}

testGuardRule(pairsApart, {
  "other names of halls and chains, which are no work": {
    change: to(otherNames(valid)),
    expect: [],
    alsoFound: ["moves-planned", "redundancy-kept"],
  },
  "other names of halls and of chains on other feeds": {
    change: to(otherNames(valid, (feed) => `${feed}-2`)),
    expect: [
      "blocked: router rt1: Both routers of a pair change at once: rt1 and rt2.",
      "blocked: switch sw1: Both switches of a pair change at once: sw1 and sw2.",
      ...["b1", "h1", "h2"].map(
        (name) => `blocked: host ${name} powerSupplies: All 2 power supplies of ${name} change at once.`,
      ),
    ],
    alsoFound: ["moves-planned", "redundancy-kept"],
  },
  "other names of halls and chains, and both switches of a pair": {
    change: to(otherNames({ ...valid, switches: valid.switches.map(newModel) })),
    expect: ["blocked: switch sw1: Both switches of a pair change at once: sw1 and sw2."],
    alsoFound: ["moves-planned", "policies-hold", "redundancy-kept"],
  },
  "both switches of a pair": {
    change: to({ ...valid, switches: valid.switches.map(newModel) }),
    expect: ["blocked: switch sw1: Both switches of a pair change at once: sw1 and sw2."],
    alsoFound: ["policies-hold", "redundancy-kept"],
  },
  "both routers of a pair": {
    change: to({ ...valid, routers: valid.routers.map(newModel) }),
    expect: ["blocked: router rt1: Both routers of a pair change at once: rt1 and rt2."],
    alsoFound: ["policies-hold", "redundancy-kept"],
  },
  "one switch and one router": {
    change: to(changed(changed(valid, "switches", 0, newModel), "routers", 0, newModel)),
    expect: [],
    alsoFound: ["policies-hold", "redundancy-kept"],
  },
  "a waiver of each switch, which changes no device": {
    change: to({
      ...valid,
      switches: valid.switches.map((each) => ({
        ...each,
        waivers: [{ rule: "two-power-supplies", owner: "Ada", reason: "Parts are ordered.", expires: "2026-12-22" }],
      })),
    }),
    expect: [],
    alsoFound: ["policies-hold", "waivers-approved"],
  },
  "the feed of one chain, which follows for every power supply on it": {
    change: to(feedOfChainA(valid, "east")),
    expect: [],
    alsoFound: ["redundancy-kept"],
  },
  "every disk of a mirror": {
    change: host(({ disks }) => ({ disks: disks.map((disk) => ({ ...disk, serial: `${disk.serial}-new` })) })),
    expect: [
      "blocked: host h1 mirrors.0: Swaps every disk of mirror system of h1 at once: bay0, bay1.",
      "blocked: host h1 mirrors.1: Swaps every disk of mirror data of h1 at once: bay0, bay1.",
    ],
    alsoFound: ["nothing-replaced"],
  },
  "every power supply of a host": {
    change: host(({ powerSupplies }) => ({ powerSupplies: powerSupplies.map(newModel) })),
    expect: ["blocked: host h1 powerSupplies: All 2 power supplies of h1 change at once."],
    alsoFound: ["policies-hold", "redundancy-kept"],
  },
  "every link of a host": {
    change: host(({ links }) => ({ links: links.map((link) => ({ ...link, switchPort: `${link.switchPort}0` })) })),
    expect: ["blocked: host h1 links: All 2 links of h1 change at once."],
    alsoFound: ["redundancy-kept"],
  },
  "one link and one power supply of a host": {
    change: host(({ links: [first, ...links], powerSupplies: [supply, ...supplies] }) => ({
      links: [{ ...first!, switchPort: "p90" }, ...links],
      powerSupplies: [newModel(supply!), ...supplies],
    })),
    expect: [],
    alsoFound: ["policies-hold", "redundancy-kept"],
  },
  "every chain of a hall": {
    change: to(
      changed(valid, "sites", 0, (site) => ({
        ...site,
        halls: site.halls.map((hall) => ({
          ...hall,
          chains: hall.chains.map((chain) => ({ ...chain, feed: `${chain.feed}-2` })),
        })),
      })),
    ),
    expect: ["blocked: site alpha: All chains of hall one at alpha change at once: a, b."],
    alsoFound: ["redundancy-kept"],
  },
  "a host and the standby of its account, in a fleet without waves": {
    change: {
      ...to({
        ...changed(valid, "accounts", 0, (account) => ({ ...account, standby: "h2" })),
        hosts: valid.hosts.map((each) => ({ ...each, asNumber: each.asNumber + 100 })),
      }),
      limits: { ...defaultLimits, deployment: "at-once", hosts: 1 },
    },
    expect: ["blocked: host h1: Hosts h1 and h2 both change in one update, and one is the standby of the other."],
    alsoFound: ["blast-radius", "identity-kept", "nothing-opened"],
  },
});
