import type { Change } from "../../components/registry/change.ts";
import { fieldWords } from "../../components/registry/fields/field-changes.ts";
import type { Key } from "../../components/registry/kind.ts";
import { ownerOf } from "../../components/registry/subject.ts";
import { leftToLostHosts } from "../change/lost-hosts.ts";
import { weakened } from "../change/weakened.ts";
import type { GuardRule } from "../rule.ts";

/** What stands by is not taken away, nor exchanged, unseen. */
export const redundancyKept: GuardRule = {
  name: "redundancy-kept",
  theme: "redundancy",
  description:
    "Removing or replacing a part, link, device, operator, place, standby or backup that protects against an outage needs approval. So does what is left without a host, a standby or room for the next loss because a host is lost.",
  reason:
    "The fleet after the change may be sound and still have less in reserve; and while links or parts are exchanged, there is nothing in reserve.",
  fix: "Exchange one thing at a time, check that the new one works, and add an approval to approvals.yaml.",
  lists: ["redundancy"],
  *find({ changes, before, after }) {
    yield* leftToLostHosts(before, after);
    for (const change of (Object.keys(changes) as Key[]).flatMap((kind): readonly Change[] => changes[kind])) {
      const less = weakened(change, "redundancy");
      if (less.length === 0) continue;
      const { kind, name } = change.subject;
      yield {
        subject: { kind, name, path: less[0]!.path },
        message: `${ownerOf({ kind, name })} changes its redundancy: ${less.map(fieldWords).join(", ")}.`,
        approval: { action: "weaken", resource: `${kind} ${name}` },
      };
    }
  },
};
