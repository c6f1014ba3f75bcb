import { clinic, observatory } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules about plans, and of what hosts must have for them. */
export const seeds: Readonly<Record<string, Seed>> = {
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
    rules: ["redundant-on-two-sites", "survives-any-single-loss", "upgrade-nights-apart"],
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
  "less memory allowed to one account than its plan guarantees": {
    rules: ["guarantee-within-limits"],
    edit: (draft) => draft.append(clinic, "limits:\n  memoryMaxMb: 512\n"),
  },
  "more copies of accounts than a standby host has disk for": {
    rules: ["overcommit-within-plan"],
    edit: (draft) => draft.edit("hosts/par2-web3.yaml", "diskGb: 1800", "diskGb: 190"),
  },
  "more programs that never rest than a host can start in time": {
    rules: ["wakes-in-time"],
    edit: (draft) =>
      draft.append("plans/large.yaml", "wakeSeconds: 8\n").append(
        observatory,
        Array.from({ length: 40 }, (_, index) => {
          const [name, number] = [`worker${index + 1}`, index + 10];
          return `  - {name: ${name}, number: ${number}, kind: program, command: [bin/${name}], idleSeconds: 0}\n`;
        }).join(""),
      ),
  },
};
