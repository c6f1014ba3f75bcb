import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { keepUids } from "./keep-uids.ts";

const numbers = Array.from({ length: 13 }, (_, index) => index + 1);
const held = new Map(numbers.map((number) => [number, 200_000 + number]));
const declaredFrom = (base: number, of = numbers) => of.map((number) => ({ number, uid: base + number }));

function refusal(...args: Parameters<typeof keepUids>): string {
  try {
    keepUids(...args);
  } catch (error) {
    expect(error).toBeInstanceOf(pulumi.RunError);
    return (error as Error).message;
  }
  return "";
}

test("the same uids, a new account, one that is given up, and a new stack pass", () => {
  expect(refusal(held, declaredFrom(200_000), "inventory/lab")).toBe("");
  expect(refusal(held, declaredFrom(200_000, [...numbers.slice(1), 14]), "inventory/lab")).toBe("");
  expect(refusal(new Map(), declaredFrom(1_900_000_000), "inventory/lab")).toBe("");
  expect(refusal(held, declaredFrom(1_900_000_000, [14]), "inventory/lab")).toBe("");
});

test("another first uid is refused, with the uids and the line that keeps them", () => {
  expect(refusal(held, declaredFrom(1_900_000_000, [1, 2, 14]), "inventory/lab")).toBe(
    `Accounts of this stack would get another uid, while their files on hosts keep the old one; nothing was touched.
  account 1: 200001 becomes 1900000001
  account 2: 200002 becomes 1900000002
Fix: write \`uidBase: 200000\` into network.yaml of inventory/lab.`,
  );
});

test("of many accounts ten are named and the rest counted", () => {
  const lines = refusal(held, declaredFrom(1_900_000_000), "inventory/lab").split("\n");
  expect(lines).toHaveLength(13);
  expect(lines[11]).toBe("  and 3 more accounts");
});

test("where no first uid keeps all of them, none is advised", () => {
  const mixed = new Map([...held, [2, 300_002]]);
  expect(refusal(mixed, declaredFrom(200_000), "inventory/lab")).toContain(
    "  account 2: 300002 becomes 200002\nFix: no `uidBase` in network.yaml keeps all of them, since their uids begin at 200000 and 300000;",
  );
});
