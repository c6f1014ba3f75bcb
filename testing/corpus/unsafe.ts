import {
  approve,
  bakery,
  bury,
  type CorpusCase,
  choir,
  clinic,
  ferry,
  four12,
  network,
  newDisk,
  par1,
  unprotect,
  waive,
  web1,
} from "./corpus.ts";

const diskOne = `  - slot: bay1
    serial: EXAMPLE-PAR1-WEB1-1
    model: Micron 7450 PRO
    sizeGb: 1920
    kind: ssd
    hotSwap: true
`;

/** Diffs that no approval lets pass. */
export const unsafe: Readonly<Record<string, CorpusCase>> = {
  "a protected account deleted": { edit: (draft) => bury(draft, ferry) },
  "a protected account deleted, with approval": {
    edit: (draft) => approve(bury(draft, ferry), "delete", "account 1014"),
  },
  "an account's file lost in a merge": { edit: (draft) => draft.remove(choir) },
  "eleven accounts deleted at once": {
    base: (draft) => {
      four12(draft);
      for (let number = 2101; number <= 2111; number++) unprotect(draft, `accounts/${number}-extra-${number}.yaml`);
    },
    edit: (draft) => {
      for (let number = 2101; number <= 2111; number++) {
        approve(bury(draft, `accounts/${number}-extra-${number}.yaml`), "delete", `account ${number}`);
      }
    },
  },
  "a host renamed": {
    edit: (draft) =>
      draft
        .copy("hosts/par2-spare1.yaml", "hosts/par2-spare9.yaml", ["name: par2-spare1", "name: par2-spare9"])
        .remove("hosts/par2-spare1.yaml")
        .write("retired.yaml", "- {kind: host, name: par2-spare1, retired: 2026-11-22}\n"),
  },
  "both switches of a site swapped": {
    edit: (draft) => draft.edit(network, "7050SX3-48YC8", "7050SX3-96YC8").edit(network, "QFX5120-48Y", "QFX5120-48T"),
  },
  "both routers of a site swapped": {
    edit: (draft) =>
      draft.edit(network, "model: MX204", "model: MX304").edit(network, "model: 7280SR2-48YC6", "model: 7280SR3-48YC8"),
  },
  "both disks of a mirror swapped, with approval": {
    edit: (draft) => approve(newDisk(newDisk(draft, web1, 0), web1, 1), "replace", "host par1-web1"),
  },
  "both power supplies of a host on other chains": {
    edit: (draft) =>
      draft.edit(web1, "chain: a", "chain: x").edit(web1, "chain: b", "chain: a").edit(web1, "chain: x", "chain: b"),
  },
  "both links of a host in other ports": {
    edit: (draft) =>
      draft
        .edit(web1, "switchPort: Ethernet1\n", "switchPort: Ethernet31\n")
        .edit(web1, "switchPort: xe-0/0/1\n", "switchPort: xe-0/0/31\n"),
  },
  "both chains of a hall on other feeds": {
    edit: (draft) =>
      draft.edit(par1, "feed: feed-north", "feed: feed-east").edit(par1, "feed: feed-south", "feed: feed-west"),
  },
  "one disk taken out": {
    edit: (draft) =>
      draft
        .edit(web1, diskOne, "")
        .edit(web1, "disks: [bay0, bay1]", "disks: [bay0]")
        .edit(web1, "disks: [bay0, bay1]", "disks: [bay0]"),
  },
  "a link of a host removed": {
    edit: (draft) => draft.edit(web1, "  - port: eth1\n    switch: par1-switch-b\n    switchPort: xe-0/0/1\n", ""),
  },
  "an owned range gone": {
    edit: (draft) => draft.edit(network, "  - 188.72.70.0/24\n", ""),
  },
  "a site's prefix changed": {
    edit: (draft) => {
      for (const file of [
        "sites/par1.yaml",
        network,
        "hosts/par1-web1.yaml",
        "hosts/par1-web2.yaml",
        "hosts/par1-web3.yaml",
        "hosts/par1-web4.yaml",
        "hosts/par1-spare1.yaml",
      ]) {
        draft.replaceAll(file, "2a00:b6e0:100:", "2a00:b6e0:900:");
      }
      draft.write("retired.yaml", "- {kind: range, name: '2a00:b6e0:100::/40', retired: 2026-11-22}\n");
    },
  },
  "another first uid": {
    edit: (draft) => draft.edit(network, "asNumber: 60362\n", "asNumber: 60362\nuidBase: 1880000000\n"),
  },
  "a tombstone removed": {
    edit: (draft) => draft.edit("tombstones.yaml", "- number: 1003\n  name: lighthouse\n  deleted: 2026-03-14\n", ""),
  },
  "a plan without its promise, its accounts with it": {
    edit: (draft) =>
      draft.edit(
        "plans/small.yaml",
        "survives: [disk, supply, chain, link, switch, router, operator]",
        "survives: [disk]",
      ),
  },
  "a standby of the same site": { edit: (draft) => draft.edit(clinic, "standby: par2-web3", "standby: par1-web4") },
  "a waiver that has ended": {
    base: (draft) => waive(draft.edit(web1, "kind: ssd", "kind: hdd")),
    edit: (draft) => draft.edit("waivers.yaml", "expires: 2026-12-22", "expires: 2026-11-21"),
  },
  "a rule taken away with what it refuses": {
    edit: (draft) => draft.edit(web1, "kind: ssd", "kind: hdd"),
    keeps: ({ name }) => name !== "hot-swap-ssds",
  },
  "an older Debian release": {
    edit: (draft) => draft.edit("hosts/par2-spare1.yaml", "release: trixie", "release: bookworm"),
  },
  "more accounts than one update may touch, not in waves": {
    base: (draft) => draft.write("limits.yaml", "deployment: at-once\naccounts: 1\n"),
    edit: (draft) => {
      draft.edit(bakery, "kind: static", "kind: static\n    idleSeconds: 60");
      draft.edit(ferry, "kind: static", "kind: static\n    idleSeconds: 60");
    },
  },
  "an account unprotected and its file removed": {
    base: (draft) => draft.append(bakery, "protect: true\n"),
    edit: (draft) => bury(unprotect(draft.edit(bakery, "protect: true\n", ""), bakery), bakery),
  },
};
