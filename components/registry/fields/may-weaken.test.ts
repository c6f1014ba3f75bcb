import { expect, test } from "vitest";
import { meaningOf } from "../../inputs.ts";
import { allKinds } from "../subject.ts";
import { classedFields, mayWeaken } from "./field-changes.ts";
import { mayMean, meaningsIn } from "./schema-walk.ts";

const free = ["behaviour", "text", "derived"];

test.each(allKinds)("$key: a member with a field of a class that wants approvals is looked at", ({ inputs }) => {
  for (const { path, judged } of classedFields(inputs)) {
    if (judged && free.includes(judged.class)) continue;
    expect(mayWeaken(inputs, path.split(".")[0]!), path).toBe(true);
  }
});

test("a member with free fields alone is not looked at", () => {
  const { inputs } = allKinds.find(({ key }) => key === "httpServers")!;
  expect(mayWeaken(inputs, "idleSeconds")).toBe(false);
  expect(mayWeaken(inputs, "number")).toBe(true);
  expect(mayWeaken(inputs, "nothing of the schema")).toBe(true);
});

test("a member may mean what a value in it does", () => {
  const secretive = ["command", "environment", "secret"] as const;
  let some = 0;
  for (const { inputs } of allKinds) {
    if (!secretive.some((meaning) => meaningsIn(inputs).has(meaning))) continue;
    expect(mayMean(inputs, secretive, "host")).toBe(false);
    some++;
  }
  expect(some).toBeGreaterThan(2);
  const { inputs } = allKinds.find(({ key }) => key === "services")!;
  expect(mayMean(inputs, secretive, "command")).toBe(true);
  // Inside another member.
  expect(mayMean(inputs, secretive, "monitor")).toBe(true);
  expect(meaningOf(inputs)).toBeUndefined();
});
