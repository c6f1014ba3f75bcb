import { expect, test } from "vitest";
import type { z } from "zod";
import { fixtures } from "../../testing/fixtures/fixtures.generated.ts";
import { accountEntries } from "../account/entries.generated.ts";
import { siteNameSchema } from "../http/web-site/web-address.ts";
import { isWaivable, objectsOf } from "../registry/fields/schema-walk.ts";
import type { Key } from "../registry/kind.ts";
import { allKinds, elementName } from "../registry/subject.ts";
import { schema as approvals } from "./approvals.file.ts";
import { schema as waivers } from "./waivers.file.ts";

/** Whatever an inventory may call something, an approval and a waiver can name it: else nobody could approve what the guard asks for. */
const approvable = (resource: string) =>
  approvals.safeParse([
    { action: "delete", resource, approvedBy: "Grace", reason: "agreed with the owner", expires: "2026-12-01" },
  ]).success;
const waivable = (resource: string) =>
  waivers.safeParse([
    { rule: "two-disks", resource, owner: "Ada", reason: "until the new disk is here", expires: "2026-12-01" },
  ]).success;

test.each(allKinds.map(({ key, name }) => [name, key] as const))("each %s of the fixtures", (name, key: Key) => {
  const elements = fixtures[key]({ accounts: 2, hosts: 2 } as never) as readonly object[];
  const named = elements.map((element) => `${name} ${elementName(key, element as never)}`);
  expect(named.filter((resource) => !approvable(resource))).toEqual([]);
  if (isWaivable(allKinds.find((kind) => kind.key === key)!))
    expect(named.filter((resource) => !waivable(resource))).toEqual([]);
});

const largest = 16_777_215;
const candidates = ["a_b", "a-b", "a.b", "a1", `a${"b".repeat(31)}`, `a${"_b".repeat(19)}c`];

test.each(Object.entries(accountEntries))("every name that %s of an account may have", (list, entries) => {
  const [own] = objectsOf(entries.unwrap().element);
  const names = own!.shape.name as z.ZodType;
  const { name } = allKinds.find(({ key }) => key === list)!;
  const middle = "engine" in own!.shape ? "postgresql/" : "";
  const named = candidates
    .filter((each) => names.safeParse(each).success)
    .map((each) => `${name} ${largest}/${middle}${each}`);
  expect(named).not.toEqual([]);
  expect(named.filter((resource) => !approvable(resource) || !waivable(resource))).toEqual([]);
});

test("every host name, the longest and a wildcard", () => {
  const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(57)}.org`;
  for (const name of [longest, "*.example.org"]) {
    expect(siteNameSchema.safeParse(name).success, name).toBe(true);
    expect(approvable(`hostname ${name}`), name).toBe(true);
  }
});
