import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { proveSingles } from "../graph/proof.ts";

export const survivesAnySingleLoss = defineRule({
  name: "survives-any-single-loss",
  theme: "redundancy",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description:
    "If any single element fails (disk, power supply, chain, link, switch, router, operator, host, rack, hall, site), every account whose plan promises to survive the loss stays up.",
  reason: "Any single part can fail; the plan promises no outage when one does.",
  fix: "Follow the path in the message and give the host a second, independent path; or promise less in the plan's `survives`.",
  *find(declaration) {
    const { counterexamples, down } = proveSingles(declaration);
    for (const { host, message } of down) yield { subject: subject.host({ name: host }), message };
    for (const { cut, message } of counterexamples) yield { subject: cut[0]!.subject, message };
  },
});
