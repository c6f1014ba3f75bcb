import "../../lib/lazy-modules.ts";
import { PolicyPack } from "@pulumi/policy";
import { leanRuntime } from "./lean-runtime.ts";
import { policies } from "./policies.ts";

leanRuntime();
new PolicyPack("fairhost", {
  description: "Mandatory rules for every Fairhost stack, about redundancy, isolation and data.",
  enforcementLevel: "mandatory",
  policies: [...policies],
});
