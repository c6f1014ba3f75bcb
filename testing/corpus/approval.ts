import {
  approve,
  bakery,
  bury,
  type CorpusCase,
  clinic,
  engraver,
  ferry,
  four12,
  museum,
  network,
  newDisk,
  par1,
  press,
  renderingOtherwise,
  unprotect,
  waive,
  web1,
  web2,
  withEpoch,
} from "./corpus.ts";

const plan = (name: string) => `plans/${name}.yaml`;

/** Diffs that need an approval. */
export const needsApproval: Readonly<Record<string, CorpusCase>> = {
  "one account of 412 deleted": {
    base: (draft) => unprotect(four12(draft), "accounts/2207-extra-2207.yaml"),
    edit: (draft) => bury(draft, "accounts/2207-extra-2207.yaml"),
  },
  "the protection of an account taken away": { edit: (draft) => unprotect(draft, ferry) },
  "an account deleted after its protection was taken away": {
    base: (draft) => unprotect(draft, ferry),
    edit: (draft) => bury(draft, ferry),
  },
  "an account deleted, its approval ended": {
    base: (draft) => unprotect(draft, ferry),
    edit: (draft) => approve(bury(draft, ferry), "delete", "account 1014", { expires: "2026-11-21" }),
  },
  "an account deleted, its approval too long": {
    base: (draft) => unprotect(draft, ferry),
    edit: (draft) => approve(bury(draft, ferry), "delete", "account 1014", { expires: "2027-06-01" }),
  },
  "an account deleted, another one approved": {
    base: (draft) => unprotect(draft, ferry),
    edit: (draft) => approve(bury(draft, ferry), "delete", "account 1013"),
  },
  "a spare host given up": {
    edit: (draft) =>
      draft
        .remove("hosts/par2-spare1.yaml")
        .write("retired.yaml", "- {kind: host, name: par2-spare1, retired: 2026-11-22}\n"),
  },
  "a disk swapped": { edit: (draft) => newDisk(draft, web1, 1) },
  "the machine of a host replaced": {
    edit: (draft) => draft.edit(web1, "serial: EXAMPLE-PAR1-WEB1\n", "serial: EXAMPLE-PAR1-WEB1-NEW\n"),
  },
  "an account moved to another host": { edit: (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-web1") },
  "a host carried to another rack": { edit: (draft) => draft.edit(web1, "rack: r01", "rack: r03") },
  "a switch carried to another rack": {
    edit: (draft) =>
      draft.edit(
        network,
        "  - name: par1-switch-a\n    site: par1\n    hall: hall-a\n    rack: r01",
        "  - name: par1-switch-a\n    site: par1\n    hall: hall-a\n    rack: r03",
      ),
  },
  "a host name handed over": {
    edit: (draft) =>
      draft
        .edit(bakery, "[bakery.example.com, www.bakery.example.com]", "[bakery.example.com]")
        .edit(press, "[press.example.com]", "[press.example.com, www.bakery.example.com]"),
  },
  "a smaller plan for an account": { edit: (draft) => draft.edit(museum, "plan: medium", "plan: small") },
  "less memory for every account of a plan": {
    edit: (draft) => draft.edit(plan("medium"), "memoryMaxMb: 1024", "memoryMaxMb: 768"),
  },
  "shorter retention for a plan": {
    edit: (draft) => draft.edit(plan("medium"), "retentionDays: 20", "retentionDays: 7"),
  },
  "shorter retention for an account": { edit: (draft) => draft.edit(ferry, "retentionDays: 60", "retentionDays: 30") },
  "a plan that survives less": {
    edit: (draft) =>
      draft.edit(plan("redundant"), ", hall, site]", "]").edit(plan("redundant"), "diskGb: 200", "diskGb: 200"),
  },
  "a standby taken away with its plan": {
    edit: (draft) =>
      draft
        .edit(clinic, "plan: redundant", "plan: large")
        .edit(clinic, "# At another site: the plan survives the loss of a whole site.\nstandby: par2-web3\n", ""),
  },
  "a standby at another host": { edit: (draft) => draft.edit(clinic, "standby: par2-web3", "standby: par2-web4") },
  "a host reached at another address": {
    edit: (draft) => draft.edit(web1, "ssh:\n  address: 2a00:b6e0:100::11", "ssh:\n  address: 203.0.113.7"),
  },
  "another key for a host in known_hosts": {
    edit: (draft) => draft.edit("known_hosts", "AAAAIBJmdeeaCLs90TQ6diK2J6Is5lRsF0KFCCunXcY0M/kO", "AAAAIEvil"),
  },
  "a new plan with the weight of a hundred accounts": {
    edit: (draft) =>
      draft
        .copy(plan("small"), plan("greedy"))
        .edit(plan("greedy"), "name: small", "name: greedy")
        .edit(plan("greedy"), "cpuWeight: 100", "cpuWeight: 10000"),
  },
  "more overcommit": { edit: (draft) => draft.append(plan("small"), "overcommit:\n  memory: 1000\n") },
  "an operator exchanged for another": {
    edit: (draft) =>
      draft.edit(network, "name: transit-4\n    asNumber: 64499", "name: transit-9\n    asNumber: 64510"),
  },
  "an account on a plan that survives less": {
    edit: (draft) => draft.edit(clinic, "plan: redundant", "plan: large"),
  },
  "a retired name free again": {
    base: (draft) => draft.write("retired.yaml", "- {kind: host, name: par1-old1, retired: 2026-01-01}\n"),
    edit: (draft) => draft.remove("retired.yaml"),
  },
  "another IPv4 address of a front end": {
    edit: (draft) => draft.edit(web1, "address4: 185.31.40.11", "address4: 185.31.40.51"),
  },
  "a host with another address": {
    edit: (draft) => draft.edit(web2, "address: 2a00:b6e0:100::12\n", "address: 2a00:b6e0:100::112\n"),
  },
  "another owned range": {
    edit: (draft) => draft.edit(network, "  - 188.72.70.0/24\n", "  - 188.72.70.0/24\n  - 192.0.2.0/24\n"),
  },
  "a waiver with what it excuses": { edit: (draft) => waive(draft.edit(web1, "kind: ssd", "kind: hdd")) },
  "a waiver prolonged": {
    base: (draft) => waive(draft.edit(web1, "kind: ssd", "kind: hdd")),
    edit: (draft) => draft.edit("waivers.yaml", "expires: 2026-12-22", "expires: 2027-01-22"),
  },
  "a rule taken away that nothing breaks": {
    edit: (draft) => draft.append(par1, "# no other change\n"),
    keeps: ({ name }) => name !== "two-disks",
  },
  "a master secret rotated": {
    edit: () => {},
    sides: (before, after) => [withEpoch(before, 1), withEpoch(after, 2)],
  },
  "a program that runs the servers of an account as root": {
    edit: () => {},
    sides: (before, after) => [
      before,
      renderingOtherwise(after, 1001, (text) => text.replace("User=a1001\n", "User=root\n")),
    ],
  },
};
