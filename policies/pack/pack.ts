import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies.ts";

new PolicyPack("fairhost", {
  description: "What every fairhost stack must keep: redundancy, isolation and data.",
  enforcementLevel: "mandatory",
  policies: [...policies],
});
