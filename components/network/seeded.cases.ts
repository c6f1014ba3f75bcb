import { network } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

const uplinksA =
  "      - port: Ethernet49\n        router: par1-router-1\n      - port: Ethernet50\n        router: par1-router-2";
const uplinksB =
  "      - port: et-0/0/48\n        router: par1-router-1\n      - port: et-0/0/49\n        router: par1-router-2";

/** Violations of the rules about devices and operators. */
export const seeds: Readonly<Record<string, Seed>> = {
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
        "arista\n    model: 7280SR2-48YC6\n    pair: par1-router-1",
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
      draft.edit(
        network,
        "model: PWR-500AC-F\n        chain: b\n    uplinks",
        "model: PWR-500AC-F\n        chain: a\n    uplinks",
      ),
  },
  "both switches of a site linked to one router": {
    rules: ["survives-any-single-loss"],
    edit: (draft) =>
      draft
        .edit(network, uplinksA, uplinksA.replace("par1-router-2", "par1-router-1"))
        .edit(network, uplinksB, uplinksB.replace("par1-router-2", "par1-router-1")),
  },
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
  "an owned range that is retired, in another spelling": {
    rules: ["number-not-reused"],
    edit: (draft) => draft.write("retired.yaml", '- {kind: range, name: "2A00:B6E0:0::/32", retired: 2026-10-01}\n'),
  },
};
