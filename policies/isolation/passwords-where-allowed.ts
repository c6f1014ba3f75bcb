import { ownerOf, subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const passwordsWhereAllowed = defineRule({
  name: "passwords-where-allowed",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: "Only users of accounts whose plan allows logins by password (`passwordLogins`) have one.",
  reason:
    "A password can be guessed and is given away by mistake; a key is neither. Who sells the plan decides whether the risk is worth it.",
  fix: "Remove the user's `passwordHash` and give it a key, or set `passwordLogins: true` in the plan.",
  *find({ users, accounts, plans }) {
    // Of a plan that is not there another rule speaks.
    const refusing = new Set(plans.filter(({ passwordLogins }) => passwordLogins !== true).map(({ name }) => name));
    const planOf = new Map(accounts.map(({ number, plan }) => [number, plan]));
    for (const user of users) {
      const plan = planOf.get(user.account);
      if (user.passwordHash === undefined || plan === undefined || !refusing.has(plan)) continue;
      const at = subject.user(user, "passwordHash");
      yield {
        subject: at,
        message: `${ownerOf(subject.user(user))} has a password, but plan ${plan} allows no logins by password.`,
      };
    }
  },
});
