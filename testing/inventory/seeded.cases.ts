import { globSync } from "node:fs";
import { join } from "node:path";
import type { Draft } from "./wrong-inventory.cases.ts";

/** The day that seeds are judged at. */
export const seededToday = "2026-11-22";

/** A change to a copy of the example fleet, and the rules that must object: these, and no other. */
export interface Seed {
  readonly rules: readonly string[];
  readonly edit: (draft: Draft) => unknown;
}

const network = "network.yaml";
const par1 = "sites/par1.yaml";
const bak1 = "sites/bak1.yaml";
const web1 = "hosts/par1-web1.yaml";
const choir = "accounts/1002-choir.yaml";
const clinic = "accounts/1011-clinic.yaml";
const engraver = "accounts/1013-engraver.yaml";
const ferry = "accounts/1014-ferry.yaml";
const python = "command: [/usr/bin/python3, members.py]";
const backup = "backupSite: bak1";
const uplinksA =
  "      - port: Ethernet49\n        router: par1-router-1\n      - port: Ethernet50\n        router: par1-router-2";
const uplinksB =
  "      - port: et-0/0/48\n        router: par1-router-1\n      - port: et-0/0/49\n        router: par1-router-2";

/** Seeds of what is here already. */
const common: Readonly<Record<string, Seed>> = {
  // Disks and mirrors
  "a disk taken out": {
    rules: ["two-disks", "mounts-on-mirrors", "survives-any-single-loss"],
    edit: (draft) =>
      draft
        .edit(web1, disk("1"), "")
        .edit(web1, "disks: [bay0, bay1]", "disks: [bay0]")
        .edit(web1, "disks: [bay0, bay1]", "disks: [bay0]"),
  },
  "the data on one disk": {
    rules: ["mounts-on-mirrors", "survives-any-single-loss"],
    edit: (draft) => draft.edit(web1, "disks: [bay0, bay1]\n    mount: /srv", "disks: [bay1]\n    mount: /srv"),
  },
  "no mirror for the system": {
    rules: ["mounts-on-mirrors"],
    edit: (draft) => draft.edit(web1, "  - name: root\n    level: raid1\n    disks: [bay0, bay1]\n    mount: /\n", ""),
  },
  "a disk that turns": { rules: ["hot-swap-ssds"], edit: (draft) => draft.edit(web1, "kind: ssd", "kind: hdd") },
  "a disk that is screwed in": {
    rules: ["hot-swap-ssds"],
    edit: (draft) => draft.edit(web1, "hotSwap: true", "hotSwap: false"),
  },

  // Cables and power of hosts
  "one cable": {
    rules: ["two-links-to-two-switches", "survives-any-single-loss"],
    edit: (draft) => draft.edit(web1, "  - port: eth1\n    switch: par1-switch-b\n    switchPort: xe-0/0/1\n", ""),
  },
  "both cables to one switch": {
    rules: ["two-links-to-two-switches", "links-to-two-makers", "survives-any-single-loss"],
    edit: (draft) =>
      draft.edit(
        web1,
        "switch: par1-switch-b\n    switchPort: xe-0/0/1",
        "switch: par1-switch-a\n    switchPort: Ethernet21",
      ),
  },
  "one power supply": {
    rules: ["two-power-supplies-on-two-chains", "survives-any-single-loss"],
    edit: (draft) => draft.edit(web1, "  - name: psu2\n    model: PWS-1K23A-1R\n    chain: b\n", ""),
  },
  "both power supplies on one chain": {
    rules: ["two-power-supplies-on-two-chains", "survives-any-single-loss"],
    edit: (draft) => draft.edit(web1, "chain: b", "chain: a"),
  },
  "both chains of a hall on one feed": {
    rules: ["two-power-supplies-on-two-chains", "devices-on-two-chains", "survives-any-single-loss"],
    edit: (draft) => draft.edit(par1, "feed: feed-south", "feed: feed-north"),
  },

  // Switches and routers
  "both switches of a site by one maker": {
    rules: ["links-to-two-makers", "devices-in-pairs"],
    edit: (draft) =>
      draft.edit(
        network,
        "juniper\n    model: QFX5120-48Y\n    pair: par1-switch-a",
        "arista\n    model: 7050SX3-48YC8\n    pair: par1-switch-a",
      ),
  },
  "both routers of a site by one maker": {
    rules: ["devices-in-pairs"],
    edit: (draft) =>
      draft.edit(
        network,
        "nokia\n    model: 7750 SR-1\n    pair: par1-router-1",
        "juniper\n    model: MX204\n    pair: par1-router-1",
      ),
  },
  "both routers of a site in one rack": {
    rules: ["devices-in-pairs"],
    edit: (draft) =>
      draft.edit(
        network,
        "name: par2-router-2\n    site: par2\n    hall: hall-1\n    rack: r02",
        "name: par2-router-2\n    site: par2\n    hall: hall-1\n    rack: r01",
      ),
  },
  "a switch without a pair": {
    rules: ["devices-in-pairs"],
    edit: (draft) => draft.edit(network, "    pair: par2-switch-b\n", ""),
  },
  "a router whose pair is at another site": {
    rules: ["devices-in-pairs"],
    edit: (draft) => draft.edit(network, "pair: bak1-router-1", "pair: par2-router-1"),
  },
  "a router that is its own pair": {
    rules: ["devices-in-pairs"],
    edit: (draft) => draft.edit(network, "pair: bak1-router-2", "pair: bak1-router-1"),
  },
  "a router with one power supply": {
    rules: ["devices-on-two-chains"],
    edit: (draft) => draft.edit(network, "      - name: psu2\n        model: JPSU-400-AC\n        chain: b\n", ""),
  },
  "a switch on one chain": {
    rules: ["devices-on-two-chains"],
    edit: (draft) =>
      draft.edit(network, "model: PWR-500AC-F\n        chain: b", "model: PWR-500AC-F\n        chain: a"),
  },
  "both switches of a site cabled to one router": {
    rules: ["survives-any-single-loss"],
    edit: (draft) =>
      draft
        .edit(network, uplinksA, uplinksA.replace("par1-router-2", "par1-router-1"))
        .edit(network, uplinksB, uplinksB.replace("par1-router-2", "par1-router-1")),
  },

  // Operators
  "three operators": {
    rules: ["four-independent-operators"],
    edit: (draft) =>
      draft.edit(network, "  - name: transit-4\n    asNumber: 64499\n    routers: [par2-router-2]\n", ""),
  },
  "two operators with one AS number": {
    rules: ["four-independent-operators"],
    edit: (draft) => draft.edit(network, "asNumber: 64499", "asNumber: 64496"),
  },
  "two operators of one owner": {
    rules: ["four-independent-operators"],
    edit: (draft) => draft.edit(network, "asNumber: 64499", "asNumber: 64499\n    parentAsNumber: 64496"),
  },
  "all operators on one router": {
    rules: ["four-independent-operators", "survives-any-single-loss"],
    edit: (draft) =>
      draft
        .edit(network, "routers: [par1-router-2]", "routers: [par1-router-1]")
        .edit(network, "routers: [par2-router-1]", "routers: [par1-router-1]")
        .edit(network, "routers: [par2-router-2]", "routers: [par1-router-1]"),
  },

  // Sites, backups, spare parts
  "one provider of all sites": {
    rules: ["two-providers", "backup-site-far-away"],
    edit: (draft) => draft.edit(bak1, "provider: telehouse", "provider: equinix"),
  },
  "the backups around the corner": {
    rules: ["backup-site-far-away"],
    edit: (draft) =>
      draft.edit(bak1, "latitude: 48.7283", "latitude: 48.9400").edit(bak1, "longitude: 2.0592", "longitude: 2.3600"),
  },
  "no backup site": {
    rules: ["backup-site-far-away", "backup-target"],
    edit: (draft) => draft.edit(par1, `${backup}\n`, ""),
  },
  "backups where the data are": {
    rules: ["backup-site-far-away", "backup-target"],
    edit: (draft) => draft.edit(par1, backup, "backupSite: par1"),
  },
  "backups kept shorter than promised": {
    rules: ["backup-target"],
    edit: (draft) => draft.edit(ferry, "retentionDays: 60", "retentionDays: 14"),
  },
  "the last spare router used": {
    rules: ["spare-parts"],
    edit: (draft) => draft.edit(par1, "model: MX204\n    count: 1", "model: MX204\n    count: 0"),
  },
  "a new model of power supply without a spare": {
    rules: ["spare-parts"],
    edit: (draft) => draft.edit(web1, "model: PWS-1K23A-1R", "model: PWS-2K08A-1R"),
  },

  // Plans
  "a plan that promises less": {
    rules: ["plans-promise-the-basics"],
    edit: (draft) =>
      draft.edit(
        "plans/small.yaml",
        "[disk, supply, chain, link, switch, router, operator]",
        "[disk, supply, link, switch]",
      ),
  },
  "two sites promised, no standby host": {
    rules: ["redundant-on-two-sites", "survives-any-single-loss"],
    edit: (draft) => draft.edit(clinic, "standby: par2-web3\n", ""),
  },
  "two sites promised, standby at the same": {
    rules: ["redundant-on-two-sites", "survives-any-single-loss"],
    edit: (draft) => draft.edit(clinic, "standby: par2-web3", "standby: par1-web4"),
  },
  "too little room for a lost host": {
    rules: ["capacity-after-host-loss"],
    edit: (draft) => {
      for (const host of ["web1", "web3", "web4", "spare1"]) {
        draft.edit(`hosts/par1-${host}.yaml`, "cores: 32", "cores: 1");
      }
      return draft.edit("plans/large.yaml", "cores: 0.5", "cores: 8");
    },
  },
  "a disk sold more than once": {
    rules: ["capacity-after-host-loss", "overcommit-within-plan"],
    edit: (draft) => draft.edit("plans/large.yaml", "diskGb: 200", "diskGb: 2000"),
  },
  "more memory guaranteed than there is": {
    rules: ["capacity-after-host-loss", "guarantee-within-limits", "overcommit-within-plan"],
    edit: (draft) => draft.edit("plans/large.yaml", "memoryMb: 1024", "memoryMb: 270000"),
  },
  "more memory guaranteed than an account may have": {
    rules: ["guarantee-within-limits"],
    edit: (draft) => draft.edit("plans/large.yaml", "memoryMb: 1024", "memoryMb: 5000"),
  },
  "a capacity larger than the mirror": {
    rules: ["capacity-fits-mirror"],
    edit: (draft) => draft.edit(web1, "diskGb: 1800", "diskGb: 2000"),
  },

  "more copies of accounts than a standby host has disk for": {
    rules: ["overcommit-within-plan"],
    edit: (draft) => draft.edit("hosts/par2-web3.yaml", "diskGb: 1800", "diskGb: 190"),
  },

  // Hosts and programs
  "a release past its end of life": {
    rules: ["debian-release-supported"],
    edit: (draft) => draft.edit(web1, "release: trixie", "release: bookworm"),
  },
  "the name of a retired host": {
    rules: ["number-not-reused"],
    edit: (draft) => draft.write("retired.yaml", "- {kind: host, name: par1-web1, retired: 2026-10-01}\n"),
  },
  "a program that administers the host": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [/usr/bin/sudo, /usr/bin/python3, members.py]"),
  },
  "a program of the system's": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [/usr/sbin/sshd, -D]"),
  },
  "a program outside the home": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [../1001/home/serve]"),
  },
  "a program of another account": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, python, "command: [/srv/accounts/1001/home/serve]"),
  },
  "an account on a backup host": {
    rules: ["backup-site-far-away", "accounts-on-account-hosts", "backup-target"],
    edit: (draft) => draft.edit(engraver, "host: par1-web4", "host: bak1-backup1"),
  },
  "an account on a spare host": {
    rules: ["accounts-on-account-hosts"],
    edit: (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-spare1"),
  },
  "a standby on a spare host": {
    rules: ["accounts-on-account-hosts"],
    edit: (draft) => draft.edit(clinic, "standby: par2-web3", "standby: par2-spare1"),
  },

  // Things that must not get lost
  "an account without protection": {
    rules: ["account-with-data-protected"],
    edit: (draft) => draft.append(ferry, "protect: false\n"),
  },
  "an account's file lost": { rules: ["nothing-vanishes"], edit: (draft) => draft.remove(ferry) },
  "an account's number changed": {
    rules: ["nothing-vanishes"],
    edit: (draft) => draft.edit(engraver, "number: 1013", "number: 1016"),
  },
  "a host's file lost": { rules: ["nothing-vanishes"], edit: (draft) => draft.remove("hosts/par2-spare1.yaml") },
  "an owned range lost": {
    rules: ["nothing-vanishes"],
    edit: (draft) => draft.edit(network, "  - 188.72.70.0/24\n", ""),
  },

  // Waivers
  "a waiver that ended yesterday": {
    rules: ["hot-swap-ssds", "waivers-in-force"],
    edit: (draft) =>
      draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: "2026-11-21" })),
  },
  "a waiver for 91 days": {
    rules: ["waivers-in-force"],
    edit: (draft) =>
      draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: "2027-02-21" })),
  },
  "a waiver that matches nothing": {
    rules: ["waivers-needed"],
    edit: (draft) => draft.write("waivers.yaml", waiver({})),
  },
  "a waiver for another disk": {
    rules: ["hot-swap-ssds", "waivers-needed"],
    edit: (draft) => draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ path: "disks.1" })),
  },
  "a waiver for another host": {
    rules: ["hot-swap-ssds", "waivers-needed"],
    edit: (draft) =>
      draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ resource: "host par1-web2" })),
  },
  "a waiver of an unknown rule": {
    rules: ["waivers-in-force", "waivers-needed"],
    edit: (draft) => draft.write("waivers.yaml", waiver({ rule: "hot-swap-hdds" })),
  },
  "a waiver of a rule that cannot be waived": {
    rules: ["plans-promise-the-basics", "waivers-in-force", "waivers-needed"],
    edit: (draft) =>
      draft
        .edit("plans/small.yaml", ", operator]", "]")
        .write("waivers.yaml", waiver({ rule: "plans-promise-the-basics", resource: "plan small" })),
  },
};

const checkout = join(import.meta.dirname, "../..");
/** Seeds that a concept brings along, in a `seeded.cases.ts` of its own. */
const brought = await Promise.all(
  globSync("components/*/seeded.cases.ts", { cwd: checkout })
    .sort()
    .map(async (file) => ((await import(join(checkout, file))) as { readonly seeds: typeof common }).seeds),
);

/** Every one loads: what is wrong with it is for the rules to find. What they say is in the golden file. */
export const seeds: typeof common = Object.assign({}, common, ...brought);

const all = [common, ...brought].flatMap((each) => Object.keys(each));
const twice = all.filter((name, index) => all.indexOf(name) !== index);
if (twice.length > 0) throw new Error(`Two seeds have the same name, so one is lost; rename one: ${twice.join(", ")}`);

/** Changes that are all right: no rule may object to any of these. */
export const soundChanges: Readonly<Record<string, Seed["edit"]>> = {
  none: (draft) => draft,
  "a waiver on its last day": (draft) =>
    draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: seededToday })),
  "a waiver for 90 days": (draft) =>
    draft.edit(web1, "kind: ssd", "kind: hdd").write("waivers.yaml", waiver({ expires: "2027-02-20" })),
  "an account deleted on purpose": (draft) =>
    draft.remove(ferry).append("tombstones.yaml", "- {number: 1014, name: ferry, deleted: 2026-11-22}\n"),
  "a host retired on purpose": (draft) =>
    draft
      .remove("hosts/par2-spare1.yaml")
      .write("retired.yaml", "- {kind: host, name: par2-spare1, retired: 2026-11-22}\n"),
  "a new account": (draft) =>
    draft.copy(
      ferry,
      "accounts/1015-garage.yaml",
      ["number: 1014", "number: 1015"],
      ["name: ferry", "name: garage"],
      ["ferry.example.org", "garage.example.org"],
    ),
  "an account moved to another host": (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-web1"),
  "a fifth operator": (draft) =>
    draft.edit(
      network,
      "routers:\n  - name: par1-router-1",
      "  - {name: transit-5, asNumber: 64500, routers: [par1-router-1]}\nrouters:\n  - name: par1-router-1",
    ),
};

function disk(bay: string): string {
  return `  - slot: bay${bay}
    serial: EXAMPLE-PAR1-WEB1-${bay}
    model: Micron 7450 PRO
    sizeGb: 1920
    kind: ssd
    hotSwap: true
`;
}

function waiver(change: { rule?: string; resource?: string; path?: string; expires?: string }): string {
  const entry = {
    rule: "hot-swap-ssds",
    resource: "host par1-web1",
    owner: "Ada",
    reason: "until the new disk is here",
    expires: "2026-12-22",
    ...change,
  };
  return `- {${Object.entries(entry)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")}}\n`;
}
