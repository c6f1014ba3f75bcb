import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** An account's own network. */
export const units: UnitForms = {
  files: [
    // Its own network and no other's.
    {
      path: /account-(?<number>\d+)-\.service\.d\/50-network\.conf/,
      lines: [/\[Unit\] (?:JoinsNamespaceOf|Wants|PartOf|After)=fairhost-network@(?<number>\d+)\.service/],
    },
  ],
};
