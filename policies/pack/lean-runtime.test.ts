import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { leanRuntime } from "./lean-runtime.ts";
import { policies } from "./policies.ts";

const require = createRequire(import.meta.url);
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

test("the pinned runtime still has both internals; what one request holds is then read once", () => {
  expect(require("@pulumi/pulumi/proto/analyzer_grpc_pb").AnalyzerService).toHaveProperty("remediate");
  expect(leanRuntime()).toEqual(["deserializeProperties", "remediate"]);
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
