import { ownerOf, subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const userCanLogIn = defineRule({
  name: "user-can-log-in",
  theme: "isolation",
  severity: "medium",
  scope: "resource",
  description: "Every user has a key or a password to log in with.",
  reason: "Without one nobody can log in as this user, and nothing but a log on the host would say so.",
  fix: "Give the user a key in `keys` or a `passwordHash`, or remove it.",
  *find({ users }) {
    for (const user of users) {
      if (user.keys.length > 0 || user.passwordHash !== undefined) continue;
      const at = subject.user(user, "keys");
      yield { subject: at, message: `${ownerOf(subject.user(user))} has neither a key nor a password.` };
    }
  },
});
