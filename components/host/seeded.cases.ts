import { web1 } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules about hosts, and of their disks, mirrors, links and power supplies. */
export const seeds: Readonly<Record<string, Seed>> = {
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
  "one link": {
    rules: ["two-links-to-two-switches", "survives-any-single-loss"],
    edit: (draft) => draft.edit(web1, "  - port: eth1\n    switch: par1-switch-b\n    switchPort: xe-0/0/1\n", ""),
  },
  "both links to one switch": {
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
  "a capacity larger than the mirror": {
    rules: ["capacity-fits-mirror"],
    edit: (draft) => draft.edit(web1, "diskGb: 1800", "diskGb: 2000"),
  },
  "a release past its end of life": {
    rules: ["debian-release-supported"],
    edit: (draft) => draft.edit(web1, "release: trixie", "release: bookworm"),
  },
  "an upgrade night of a host and its standby": {
    rules: ["upgrade-nights-apart"],
    edit: (draft) => {
      for (const host of ["par1-web3", "par2-web3"]) {
        draft.edit(`hosts/${host}.yaml`, "release: trixie", "release: trixie\nupgrades: {nights: [Mon]}");
      }
      return draft;
    },
  },
  "the name of a retired host": {
    rules: ["number-not-reused"],
    edit: (draft) => draft.write("retired.yaml", "- {kind: host, name: par1-web1, retired: 2026-10-01}\n"),
  },
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
