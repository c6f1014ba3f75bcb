import { expect, test } from "vitest";
import { schema } from "../../components/review/approvals.file.ts";
import type { Finding } from "../rule.ts";
import { entriesFor, type WantedApproval, weigh } from "./weigh.ts";

const today = "2026-11-22";
const signature = { approvedBy: "Grace Example", reason: "The host is emptied, ticket 4711.", expires: "2026-12-01" };

function move(number: number): Finding & { readonly rule: string } {
  const subject = { kind: "account" as const, name: `${number}` };
  const approval = { action: "move" as const, resource: `account ${number}` };
  return { rule: "moves-planned", subject, message: `Moves account ${number}.`, approval };
}

/** Of 160 accounts of one host, and of the host itself. */
const moves = Array.from({ length: 160 }, (_, index) => move(1000 + index));
const deletion: Finding & { readonly rule: string } = {
  rule: "data-kept",
  subject: { kind: "host", name: "web1" },
  message: "Deletes host web1.",
  approval: { action: "delete", resource: "host web1" },
};
const entries = (...findings: readonly Finding[]) => entriesFor(findings.flatMap(({ approval }) => approval ?? []));
const signed = (wanted: readonly WantedApproval[], change = {}) =>
  schema.parse(wanted.map((each) => ({ ...each, ...signature, ...change })));
const levelsOf = (...args: Parameters<typeof weigh>) => new Set(weigh(...args).weighed.map(({ level }) => level));

test("many of one action and kind are one entry to fill in; others stand by themselves", () => {
  expect(entries(...moves, deletion)).toEqual([
    { action: "move", resource: expect.stringMatching(/^account \(160, [0-9a-f]{32}\)$/) },
    { action: "delete", resource: "host web1" },
  ]);
  expect(entries(move(1), move(2), move(3))).toHaveLength(3);
});

test("these entries are all that is needed, and are used", () => {
  const approvals = signed(entries(...moves, deletion));
  const { weighed, unused } = weigh([...moves, deletion], approvals, today);
  expect(new Set(weighed.map(({ level }) => level))).toEqual(new Set(["safe"]));
  expect(weighed[0]!.approved).toMatchObject({ daysLeft: 9, approval: { resource: approvals[0]!.resource } });
  expect(unused).toEqual([]);
});

test("one more, one less, or another one: none of them is approved, and each says why", () => {
  const approvals = signed(entries(...moves));
  for (const others of [[...moves, move(7)], moves.slice(1), [...moves.slice(1), move(7)]]) {
    const { weighed, unused } = weigh(others, approvals, today);
    expect(new Set(weighed.map(({ level }) => level))).toEqual(new Set(["needs approval"]));
    expect(weighed[0]!.message).toMatch(
      new RegExp(
        `; the approval of 160 accounts, by Grace Example, is for others, by its digest: to approve these, write an entry in approvals\\.yaml with action move and resource account \\(${others.length}, [0-9a-f]{32}\\)\\.$`,
      ),
    );
    expect(unused).toEqual(approvals);
  }
});

test("of a forged or outdated entry for a few it is said which entries these need", () => {
  const forged = signed([{ action: "move", resource: `account (1, ${"0".repeat(32)})` }]);
  const [one] = weigh([move(7)], forged, today).weighed;
  expect(one!.message).toBe(
    "Moves account 7; the approval of 1 account, by Grace Example, is for others, by its digest: to approve this, write an entry in approvals.yaml with action move and resource account 7.",
  );
  const [first] = weigh([move(7), move(8)], forged, today).weighed;
  expect(first!.message).toContain(
    ": to approve these, write entries in approvals.yaml with action move and resource account 7, account 8.",
  );
});

test.each([
  ["Account 1010", "account 1010"],
  ["ACCOUNT 1010", "account 1010"],
  ["account 01010", "account 1010"],
  ["accounts 1010", "account 1010"],
  ["account *", "account 1010"],
  ["account 10*", "account 1010"],
  ["account account-1010", "account 1010"],
  ["account 1010/", "account 1010"],
  ["host web01", "host web1"],
  ["Hosts web1", "host web1"],
])("an approval of `%s` approves nothing: that nothing needs it is said, with `%s`", (resource, right) => {
  const host = {
    ...move(1),
    message: "Moves host web1.",
    approval: { action: "move" as const, resource: "host web1" },
  };
  const { weighed, unused } = weigh([move(1010), host], signed([{ action: "move", resource }]), today);
  const at = right.startsWith("host") ? 1 : 0;
  expect(weighed[at]).toMatchObject({
    level: "needs approval",
    message: expect.stringContaining(
      `; approvals.yaml has ${resource}, by Grace Example, which nothing here needs: write \`resource: ${right}\`.`,
    ),
  });
  expect(weighed[1 - at]!.message).not.toContain("approvals.yaml");
  expect(unused).toHaveLength(1);
});

test("an approval of another resource that exists, or of another action, is no misspelling", () => {
  for (const [action, resource] of [
    ["move", "account 1011"],
    ["move", "account 110"],
    ["delete", "Account 1010"],
  ] as const)
    expect(weigh([move(1010)], signed([{ action, resource }]), today).weighed[0]!.message).toBe("Moves account 1010.");
});

test("it approves no other action and no other kind", () => {
  const approvals = signed(entries(...moves));
  const deletions = moves.map((each) => ({
    ...each,
    approval: { action: "delete" as const, resource: each.approval!.resource },
  }));
  const hosts = moves.map((each, index) => ({
    ...each,
    approval: { action: "move" as const, resource: `host ${index}` },
  }));
  for (const others of [deletions, hosts])
    expect(levelsOf(others, approvals, today)).toEqual(new Set(["needs approval"]));
});

test("what has an entry of its own needs no place in the entry of many", () => {
  const [first, ...rest] = moves;
  const approvals = signed([...entries(first!), ...entries(...rest)]);
  expect(levelsOf(moves, approvals, today)).toEqual(new Set(["safe"]));
});

test("it ends like any other", () => {
  const ended = weigh(moves, signed(entries(...moves), { expires: "2026-11-21" }), today);
  expect(ended.weighed[0]).toMatchObject({
    level: "needs approval",
    message: "Moves account 1000; its approval ended on 2026-11-21.",
  });
  expect(levelsOf(moves, signed(entries(...moves), { expires: "2027-01-21" }), today)).toEqual(
    new Set(["needs approval"]),
  );
});

test("an entry of many is not read as one of a resource, and its number is a number", () => {
  for (const resource of [
    "account (0, 0)",
    "account (160)",
    "account (160, xyz)",
    "(160, 0123456789abcdef0123456789abcdef)",
  ]) {
    expect(schema.safeParse([{ action: "move", resource, ...signature }]).success, resource).toBe(false);
  }
});
