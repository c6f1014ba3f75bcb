import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { leanSdk } from "./lean-sdk.ts";

test("the pinned SDK still has the three internals, and the environment keeps them", () => {
  expect(leanSdk({ FAIRHOST_PLAIN_SDK: "1" })).toEqual([]);
  expect(leanSdk({})).toEqual(["debuggablePromise", "debug", "callsites"]);
});

test("after it, outputs still resolve, failures still reject and own errors keep their stack", async () => {
  leanSdk({});
  const value = await new Promise((resolve) => pulumi.output(Promise.resolve(2)).apply(resolve));
  expect(value).toBe(2);
  expect(new Error("mine").stack).toContain("lean-sdk.test.ts");
});
