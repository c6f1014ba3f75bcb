import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Rule } from "../../components/rule.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import type { Side } from "../../guard/change/side.ts";
import type { Draft } from "../inventory/wrong-inventory.cases.ts";

/** The day that the corpus is judged at. */
export const corpusToday = "2026-11-22";

/** A diff of the example fleet, made by editing a copy of it. */
export interface CorpusCase {
  /** Makes the old side; without it that is the example fleet as it is. */
  readonly base?: (draft: Draft) => unknown;
  /** Makes the new side from the old one. */
  readonly edit: (draft: Draft) => unknown;
  /** What else is different on each side, beside the inventory: what the stack holds, or the program. */
  readonly sides?: (before: Side, after: Side) => readonly [before: Side, after: Side];
  /** Whether the new side's program still has a rule; without it both sides have all. */
  readonly keeps?: (rule: Rule) => boolean;
}

/** A diff that weakens something, and the nearest one that is allowed. */
export interface HostileCase extends Pick<CorpusCase, "base" | "edit"> {
  readonly level: "needs approval" | "blocked";
  /** Made from the same old side. */
  readonly twin: CorpusCase["edit"];
}

export const network = "network.yaml";
export const par1 = "sites/par1.yaml";
export const web1 = "hosts/par1-web1.yaml";
export const web2 = "hosts/par1-web2.yaml";
export const bakery = "accounts/1001-bakery.yaml";
export const choir = "accounts/1002-choir.yaml";
export const museum = "accounts/1004-museum.yaml";
export const press = "accounts/1007-press.yaml";
export const clinic = "accounts/1011-clinic.yaml";
export const engraver = "accounts/1013-engraver.yaml";
export const ferry = "accounts/1014-ferry.yaml";

/** Adds an approval to approvals.yaml. */
export function approve(draft: Draft, action: string, resource: string, change: { expires?: string } = {}): Draft {
  const entry = {
    action,
    resource,
    approvedBy: "Grace",
    reason: "agreed with whom it concerns",
    expires: "2026-12-01",
    ...change,
  };
  return addTo(draft, "approvals.yaml", entry);
}

/** Adds a waiver to waivers.yaml. */
export function waive(draft: Draft, change: Readonly<Record<string, string>> = {}): Draft {
  return addTo(draft, "waivers.yaml", {
    rule: "hot-swap-ssds",
    resource: "host par1-web1",
    owner: "Ada",
    reason: "until the new disk is here",
    expires: "2026-12-22",
    ...change,
  });
}

function addTo(draft: Draft, file: string, entry: Readonly<Record<string, string>>): Draft {
  const text = `- {${Object.entries(entry)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ")}}\n`;
  return existsSync(join(draft.directory, file)) ? draft.append(file, text) : draft.write(file, text);
}

/** A side of a stack whose host par1-web1 has this secret epoch. */
export function withEpoch(side: Side, secretEpoch: number): Side {
  const host = "par1-web1";
  return { ...side, deliveries: new Map([[host, { host, digest: "d", applier: "a", secretEpoch }]]) };
}

/** A side of a program that renders the files of one account otherwise. */
export function renderingOtherwise(side: Side, number: number, change: (text: string) => string): Side {
  const group = `account-${number}` as const;
  return {
    ...side,
    render: (...of) => {
      const bundle = side.render(...of);
      const own = bundle.groups[group];
      if (!own) return bundle;
      const files = own.files.map((file) =>
        file.content === undefined ? file : { ...file, content: change(file.content) },
      );
      return sealBundle(bundle.host, { ...bundle.groups, [group]: sealGroup({ ...own, files }) });
    },
  };
}

/** Number and name of the account that a file is of. */
function nameOfFile(file: string): [number: string, name: string] {
  return /(\d+)-([a-z0-9-]+)\.yaml$/.exec(file)!.slice(1) as [string, string];
}

/** Takes the protection of an account away, as the rules want it: with a waiver. */
export function unprotect(draft: Draft, file: string): Draft {
  const [number] = nameOfFile(file);
  const waiver = { rule: "account-with-data-protected", resource: `account ${number}`, reason: "it leaves next week" };
  return waive(draft.append(file, "protect: false\n"), waiver);
}

/** Removes an account's file, and its waiver if it has one, and keeps its number taken. */
export function bury(draft: Draft, file: string): Draft {
  const [number, name] = nameOfFile(file);
  const waivers = join(draft.directory, "waivers.yaml");
  if (existsSync(waivers)) {
    const left = readFileSync(waivers, "utf8")
      .split(/^(?=- )/m)
      .filter((entry) => !entry.includes(`resource: account ${number},`))
      .join("");
    if (left === "") draft.remove("waivers.yaml");
    else draft.write("waivers.yaml", left);
  }
  return draft
    .remove(file)
    .append("tombstones.yaml", `- {number: ${number}, name: ${name}, deleted: ${corpusToday}}\n`);
}

/** A further account, small, on one host. */
export function account(draft: Draft, number: number, host: string, more = ""): Draft {
  return draft.write(
    `accounts/${number}-extra-${number}.yaml`,
    `number: ${number}\nname: extra-${number}\nplan: small\nhost: ${host}\n${more}`,
  );
}

/** 400 more accounts, spread over the hosts: with the twelve of the example, 412. */
export function four12(draft: Draft): Draft {
  for (let number = 2001; number <= 2400; number++) {
    account(draft, number, `par${1 + (number % 2)}-web${1 + ((number >> 1) % 4)}`);
  }
  return draft;
}

/** Another disk in a bay of a host. */
export function newDisk(draft: Draft, host: string, bay: 0 | 1): Draft {
  const name = /hosts\/(.*)\.yaml/.exec(host)![1]!.toUpperCase();
  return draft.edit(host, `serial: EXAMPLE-${name}-${bay}`, `serial: SPARE-${name}-${bay}`);
}

/** What an account's file says of a user who may log in with a key. */
export function userOf(name: string, key: string): string {
  return `users:\n  - name: ${name}\n    keys:\n      - ${key}\n`;
}

/** What a suspended account's file says. */
export const suspended = "suspended:\n  since: 2026-11-22\n  reason: somebody broke into it\n";
