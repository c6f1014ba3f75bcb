import { expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { reviewed, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { sideOf } from "./side.ts";

type Account = Declaration["accounts"][number];
type Host = Declaration["hosts"][number];

const day = "2026-11-20";
const third: Host = { ...valid.hosts[1]!, name: "h3" };
/** Hosts h1 with accounts 1 and 3, h2 with account 2, h3 empty. */
const whole: Declaration = { ...valid, hosts: [...valid.hosts, third] };
const lost = (name: string, of: Declaration = whole): Declaration => ({
  ...of,
  hosts: of.hosts.map((host) => (host.name === name ? { ...host, lost: day } : host)),
});
const account = (number: number, change: Partial<Account>, of: Declaration = whole): Declaration =>
  changed(of, "accounts", number - 1, (was) => ({ ...was, ...change }));
const added = (change: Partial<Account>, of: Declaration): Declaration => ({
  ...of,
  accounts: [...of.accounts, { ...of.accounts[0]!, name: "acme-9", number: 9, ...change }],
});
const twoSites = (of: Declaration): Declaration => ({
  ...of,
  plans: [...of.plans, { ...of.plans[0]!, name: "twice", survives: [...of.plans[0]!.survives, "host"] }],
});

function said(before: Declaration, after: Declaration): string[] {
  const { findings } = reviewed({ before: sideOf(before), after: sideOf(after) });
  return findings.flatMap(({ rule, level, message, approval }) =>
    rule === "redundancy-kept" && !message.includes("changes its redundancy")
      ? `${level}: ${message} [${approval?.action} ${approval?.resource}]`
      : [],
  );
}

test.each<[string, before: Declaration, after: Declaration, expected: readonly string[]]>([
  [
    "a host is lost",
    whole,
    lost("h1"),
    [
      "needs approval: Host h1 is declared lost: accounts 1, 3 are without service while host h1 is lost. [weaken host h1]",
    ],
  ],
  [
    "a host is lost that is a standby",
    account(1, { standby: "h3" }),
    lost("h3", account(1, { standby: "h3" })),
    ["needs approval: Host h3 is declared lost: account 1 is without standby while h3 is lost. [weaken host h3]"],
  ],
  [
    "a takeover by its standby: the two change places",
    account(2, { standby: "h3" }),
    lost("h2", account(2, { host: "h3", standby: "h2" })),
    ["needs approval: Host h2 is declared lost: account 2 is without standby while h2 is lost. [weaken host h2]"],
  ],
  [
    "host and standby are lost",
    account(2, { standby: "h3" }),
    lost("h2", lost("h3", account(2, { standby: "h3" }))),
    [
      "needs approval: Host h2 is declared lost: account 2 is without service while host h2 and standby h3 are lost. [weaken host h2]",
      "needs approval: Of the hosts that are not lost: Without host h1 its group (site alpha, cell main) is too small: 0.1 cores are guaranteed to its accounts, 0 are free; 128 MiB of memory are guaranteed to its accounts, 0 are free; 5 GB of disk are guaranteed to its accounts, 0 are free. [weaken host h1]",
    ],
  ],
  [
    "a new account on a lost host",
    lost("h3"),
    added({ host: "h3" }, lost("h3")),
    ["needs approval: Account 9 (acme-9) is without service while host h3 is lost. [weaken account 9]"],
  ],
  [
    "a new account with a lost standby",
    lost("h3"),
    added({ standby: "h3" }, lost("h3")),
    ["needs approval: Account 9 (acme-9) is without standby while h3 is lost. [weaken account 9]"],
  ],
  [
    "an account that moves to a lost host",
    lost("h3"),
    lost("h3", account(1, { host: "h3" })),
    ["needs approval: Account 1 (acme-1) is without service while host h3 is lost. [weaken account 1]"],
  ],
  [
    "a host that comes lost, and an account to it",
    valid,
    lost("h3", account(1, { host: "h3" })),
    ["needs approval: Account 1 (acme-1) is without service while host h3 is lost. [weaken account 1]"],
  ],
  [
    "a plan that promises more than is there",
    lost("h3", twoSites(account(1, { standby: "h3" }))),
    lost("h3", twoSites(account(1, { standby: "h3", plan: "twice" }))),
    [
      "needs approval: Account 1 (acme-1) is without standby while h3 is lost, though its plan twice promises to survive the loss of a host. [weaken account 1]",
    ],
  ],
  ["a lost host that nobody needs", whole, lost("h3"), []],
  ["what was so before", lost("h1"), account(2, { protect: false }, lost("h1")), []],
  ["a lost host that is back", lost("h1"), whole, []],
  ["an account that leaves a lost host", lost("h1"), lost("h1", account(1, { host: "h3" })), []],
])("%s", (_, before, after, expected) => {
  expect(said(before, after)).toEqual(expected);
});

test("the room of a lost host is none for the next loss", () => {
  // Only h3 has room for the accounts of h1.
  const full = changed(whole, "hosts", 1, (host) => ({ ...host, capacity: { ...host.capacity, memoryMb: 1 } }));
  const found = said(full, lost("h3", full));
  expect(found.filter((line) => line.endsWith("[weaken host h1]"))).toEqual([
    expect.stringMatching(
      /^needs approval: Of the hosts that are not lost: Without host h1 its group .* is too small: /,
    ),
  ]);
});
