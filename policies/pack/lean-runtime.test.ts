import { createRequire } from "node:module";
import type { StackValidationArgs } from "@pulumi/policy";
import { expect, test } from "vitest";
import { leanRuntime } from "./lean-runtime.ts";
import { policies } from "./policies.ts";

const require = createRequire(import.meta.url);
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

test("the pinned runtime still has the internals; what one request holds is then read once", () => {
  expect(require("@pulumi/pulumi/proto/analyzer_grpc_pb").AnalyzerService).toHaveProperty("remediate");
  expect(leanRuntime()).toEqual(["deserializeProperties", "remediate", "getResourcesList"]);
  expect(require("@pulumi/pulumi/proto/analyzer_grpc_pb").AnalyzerService).not.toHaveProperty("remediate");
  const { deserializeProperties } = require("@pulumi/policy/deserialize");
  const properties = Struct.fromJavaScript({ name: "web1", disks: [{ serial: "a" }] });
  const read = deserializeProperties(properties, false);
  expect(read).toEqual({ name: "web1", disks: [{ serial: "a" }] });
  expect(deserializeProperties(properties, false)).toBe(read);
  expect(deserializeProperties(Struct.fromJavaScript({ name: "web2" }), false)).toEqual({ name: "web2" });
});

test("no policy remediates, or it would never be asked", () => {
  expect(policies.filter((policy) => "remediateResource" in policy)).toEqual([]);
});

test("a whole stack is shown to one policy, and one that is shown nothing fails instead of passing", async () => {
  leanRuntime();
  const { AnalyzeStackRequest, AnalyzerResource } = require("@pulumi/pulumi/proto/analyzer_pb");
  const request = new AnalyzeStackRequest();
  request.setResourcesList([new AnalyzerResource(), new AnalyzerResource()]);
  const resources = request.getResourcesList();
  expect(resources.some((resource: unknown) => resource instanceof AnalyzerResource)).toBe(true);
  expect([...resources]).toHaveLength(2);
  expect([...resources]).toEqual([]);
  const policy = policies.find((each) => "validateStack" in each);
  const none = { resources: [] } as unknown as StackValidationArgs;
  expect(() => policy && "validateStack" in policy && policy.validateStack(none, () => {})).toThrow(
    "so nothing can be judged",
  );
});
