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
    "Take away any single element (disk, supply, chain, link, switch, router, operator, host, rack, hall, site): no account goes dark whose plan promises that it survives that.",
  reason: "What can fail alone will, and the plan has promised these accounts that they would not notice.",
  remediation:
    "Follow the path in the message and give the host a second, independent way; or promise less in the plan's `survives`.",
  *find(declaration) {
    const { counterexamples, dark } = proveSingles(declaration);
    for (const { host, message } of dark) yield { subject: subject.host({ name: host }), message };
    for (const { cut, message } of counterexamples) yield { subject: cut[0]!.subject, message };
  },
});
