import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { leanSdk } from "./lean-sdk.ts";

const rpc = createRequire(import.meta.url)("@pulumi/pulumi/runtime/rpc");
const { serializeResourceProperties, serializeProperties } = rpc;

test("the pinned SDK still has these internals, and the environment variables keep them unchanged", () => {
  expect(leanSdk({ FAIRHOST_PLAIN_SDK: "1" })).toEqual([]);
  expect(leanSdk({})).toEqual(["debuggablePromise", "debug", "callsites", "serializeProperties"]);
});

test("with it, outputs still resolve, failures still reject and own errors keep their stack trace", async () => {
  leanSdk({});
  const value = await new Promise((resolve) => pulumi.output(Promise.resolve(2)).apply(resolve));
  expect(value).toBe(2);
  expect(new Error("mine").stack).toContain("lean-sdk.test.ts");
});

const values: [string, Record<string, unknown>][] = [
  [
    "plain",
    {
      id: "x",
      urn: "y",
      a: 1,
      b: "b",
      c: true,
      d: null,
      e: undefined,
      f: [1, undefined, { g: undefined, h: [] }],
      i: {},
    },
  ],
  ["a promise", { a: Promise.resolve({ b: [1] }) }],
  ["an output deep inside", { a: [{ b: pulumi.output(3) }], c: 1 }],
  ["a secret", { a: pulumi.secret("s") }],
  ["an asset", { a: new pulumi.asset.StringAsset("text") }],
  ["a function", { a: () => 1, b: 2 }],
  ["nothing", {}],
];

test.each(values)("with it, properties are sent as before: %s", async (_, properties) => {
  leanSdk({});
  const [sent, dependencies] = await rpc.serializeResourceProperties("label", properties, {});
  const [before, others] = await serializeResourceProperties("label", properties, {});
  expect(sent).toStrictEqual(before);
  expect([...dependencies.values()].flatMap((of) => [...of])).toEqual(
    [...others.values()].flatMap((of: Set<unknown>) => [...of]),
  );
  expect(await rpc.serializeProperties("label", { outputs: properties })).toStrictEqual(
    await serializeProperties("label", { outputs: properties }),
  );
});
