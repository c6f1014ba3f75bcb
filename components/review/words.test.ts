import { expect, test } from "vitest";
import { schema as approvals } from "./approvals.file.ts";
import { schema as waivers } from "./waivers.file.ts";

const approval = { action: "trust", resource: "host web1", approvedBy: "Grace", reason: "the contract has ended" };
const waiver = { rule: "two-disks", resource: "host web1", owner: "Ada", reason: "until the new disk is here" };
const expires = "2026-12-01";
const isApproval = (changes: object) => approvals.safeParse([{ ...approval, expires, ...changes }]).success;
const isWaiver = (changes: object) => waivers.safeParse([{ ...waiver, expires, ...changes }]).success;

test.each([
  ["Grace Hopper", "one word"],
  ["李小龙", "another script"],
  ["Øyvind", "an accent"],
  ["علی\u200cرضا", "letters that are not joined, as Persian has them"],
  ["O'Brien-Smith 2nd", "signs"],
])("a person may be %s (%s)", (name) => {
  expect([isApproval({ approvedBy: name }), isWaiver({ owner: name })]).toEqual([true, true]);
});

test.each([
  ["", "nothing"],
  [" ", "a space"],
  ["\u00a0\u2003", "spaces of Unicode"],
  ["\u200b", "a space without width"],
  ["\u200d\u200c", "what joins letters, alone"],
  ["\u3164", "a filler, which is a letter to Unicode"],
  ["\u2800", "the empty pattern of Braille"],
  ["Grace\u200b", "a name with something that does not show"],
  ["\u202eGrace", "a name that turns the text around"],
  ["Gr\u00adace", "a name with a soft hyphen"],
  [" Grace", "a name with a space before it"],
  ["-", "a sign"],
  ["42", "a number"],
])("a person may not be %j: %s", (name) => {
  expect([isApproval({ approvedBy: name }), isWaiver({ owner: name })]).toEqual([false, false]);
});

test.each([
  ["the contract has ended", "words"],
  ["契約が終了しましたので、停止", "another script"],
  ["ticket 4711, see there ⚠️", "a number and a sign"],
])("a reason may be %s (%s)", (reason) => {
  expect([isApproval({ reason }), isWaiver({ reason })]).toEqual([true, true]);
});

test.each([
  [" ".repeat(12), "spaces"],
  ["\u00a0".repeat(12), "spaces of Unicode"],
  ["\u200b".repeat(12), "spaces without width"],
  ["\u3164".repeat(12), "fillers"],
  ["\u2800".repeat(12), "empty patterns of Braille"],
  [".".repeat(12), "signs"],
  ["x".repeat(12), "one letter again and again"],
  [`a b${" ".repeat(12)}c`, "letters with many spaces"],
  [`why${" ".repeat(12)}`, "spaces at the end"],
  ["fine\u2060by\u2060me, all", "words with something between them that does not show"],
])("a reason may not be %j: %s", (reason) => {
  expect([isApproval({ reason }), isWaiver({ reason })]).toEqual([false, false]);
});
