import type { WaiverInputs } from "../../components/inputs.ts";
import type { Change } from "../../components/registry/change.ts";
import type { Key } from "../../components/registry/kind.ts";
import { nameOf } from "../../components/registry/subject.ts";
import type { GuardRule } from "./guard-rule.ts";

/** Leave to break a rule comes with what it excuses, so somebody else has to agree. */
export const waiversApproved: GuardRule = {
  name: "waivers-approved",
  description: "A waiver is added or prolonged only with approval.",
  reason: "A waiver lets the same change pass that brings it: whoever writes both has judged themselves.",
  remediation: "Mend what it would excuse; or let its owner's superior write an approval into approvals.yaml.",
  *find({ changes }) {
    for (const change of (Object.keys(changes) as Key[]).flatMap((kind): readonly Change[] => changes[kind])) {
      const old = waiversOf(change.before);
      for (const [index, waiver] of waiversOf(change.after).entries()) {
        const was = old.find(({ rule, path }) => rule === waiver.rule && path === waiver.path);
        if (was && was.expires >= waiver.expires) continue;
        const { kind, name } = change.subject;
        const how = was ? `is prolonged from ${was.expires} to ${waiver.expires}` : `is waived until ${waiver.expires}`;
        yield {
          subject: { kind, name, path: `waivers.${index}` },
          message: `Rule ${waiver.rule} ${how} for ${nameOf({ kind, name })}, owner ${waiver.owner}: ${waiver.reason}`,
          approval: { action: "waive", resource: `${kind} ${name}` },
        };
      }
    }
  },
};

function waiversOf(element: object | undefined): readonly WaiverInputs[] {
  return (element as { waivers?: readonly WaiverInputs[] } | undefined)?.waivers ?? [];
}
