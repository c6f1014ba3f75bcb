import type { WaiverInputs } from "../../components/inputs.ts";
import type { Change } from "../../components/registry/change.ts";
import type { Key } from "../../components/registry/kind.ts";
import { nameOf } from "../../components/registry/subject.ts";
import type { GuardRule } from "../rule.ts";

/** A waiver comes together with the violation that it excuses, so a second person has to agree. */
export const waiversApproved: GuardRule = {
  name: "waivers-approved",
  theme: "waivers",
  description: "A waiver is added or extended only with approval.",
  reason: "A waiver applies to the change that adds it, so author and approver must be different people.",
  fix: "Fix the violation instead; or let the superior of the waiver's owner add an approval to approvals.yaml.",
  *find({ changes }) {
    for (const change of (Object.keys(changes) as Key[]).flatMap((kind): readonly Change[] => changes[kind])) {
      const old = waiversOf(change.before);
      for (const [index, waiver] of waiversOf(change.after).entries()) {
        const was = old.find(({ rule, path }) => rule === waiver.rule && path === waiver.path);
        if (was && was.expires >= waiver.expires) continue;
        const { kind, name } = change.subject;
        const about = `rule ${waiver.rule} for ${nameOf({ kind, name })}`;
        const how = was
          ? `Extends the waiver of ${about} from ${was.expires} to ${waiver.expires}`
          : `Waives ${about} until ${waiver.expires}`;
        yield {
          subject: { kind, name, path: `waivers.${index}` },
          message: `${how}, owner ${waiver.owner}: ${waiver.reason}`,
          approval: { action: "waive", resource: `${kind} ${name}` },
        };
      }
    }
  },
};

function waiversOf(element: object | undefined): readonly WaiverInputs[] {
  return (element as { waivers?: readonly WaiverInputs[] } | undefined)?.waivers ?? [];
}
