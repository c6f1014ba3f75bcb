import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { emulatedSites } from "../../components/site/places.ts";

export const accountWithDataProtected = defineRule({
  name: "account-with-data-protected",
  theme: "data",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description: "Every account is protected, unless a waiver says who removed the protection and until when.",
  reason: "A line lost from the inventory cannot delete a protected account, but it can delete an unprotected one.",
  fix: "Remove `protect: false`; to delete the account, first add a waiver of this rule to waivers.yaml.",
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
