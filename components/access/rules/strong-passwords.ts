import { nameOf, subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { yescrypt } from "../passwords/password-hash.ts";

const whole = new RegExp(`^${yescrypt.source}$`);

export const strongPasswords = defineRule({
  name: "strong-passwords",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the loader refuses it",
  description:
    "Every password of a user is kept as a yescrypt hash of cost 5 to 7, never as the password or as a weaker hash.",
  reason:
    "Whoever reads the inventory or the stack's state has a plain password at once, and a weak hash soon. A hash that costs more would let logins use up the account's memory.",
  fix: "Make the hash with `npm run password`. If a plain password was committed, choose another: it stays in the history.",
  *find({ users }) {
    for (const user of users) {
      if (user.passwordHash === undefined || whole.test(user.passwordHash)) continue;
      const at = subject.user(user, "passwordHash");
      // Without the value: it may be the password.
      yield {
        subject: at,
        message: `The password hash of ${nameOf(subject.user(user))} is not a yescrypt hash of cost 5 to 7.`,
      };
    }
  },
});
