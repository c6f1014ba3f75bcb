import { nameOf, subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { faultOf, withoutComment } from "../ssh/public-key.ts";

export const strongKeys = defineRule({
  name: "strong-keys",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  description:
    "Every key of a user is one that OpenSSH reads, without options, of a type and length that cannot be broken today, and is listed once.",
  reason:
    "Whoever breaks a weak key has the account. A line that is not a key is ignored; only a log says so. Options such as `command=` would be executed.",
  fix: "Make a key with `ssh-keygen -t ed25519`, and copy the line of its .pub file.",
  *find({ users }) {
    for (const user of users) {
      const seen = new Set<string>();
      for (const [index, line] of user.keys.entries()) {
        const at = subject.user(user, `keys.${index}`);
        const fault = faultOf(line) ?? (seen.has(withoutComment(line)) ? "stands twice" : undefined);
        seen.add(withoutComment(line));
        if (fault !== undefined)
          yield { subject: at, message: `Key ${index} of ${nameOf(subject.user(user))} ${fault}.` };
      }
    }
  },
});
