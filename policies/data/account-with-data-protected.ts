import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { emulatedSites } from "../../components/site/places.ts";

export const accountWithDataProtected = defineRule({
  name: "account-with-data-protected",
  theme: "data",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description: "Every account is protected, unless a waiver says who takes it away and until when.",
  reason: "A protected account cannot be deleted by a line lost from the inventory; one that is not can.",
  remediation: "Remove `protect: false`; to delete the account, add a waiver of this rule to waivers.yaml first.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const there = new Set(declaration.hosts.filter(({ site }) => emulated.has(site)).map(({ name }) => name));
    for (const account of declaration.accounts) {
      if (account.protect || there.has(account.host)) continue;
      yield {
        subject: subject.account(account, "protect"),
        message: `Account ${account.number} (${account.name}) is not protected.`,
      };
    }
  },
});
