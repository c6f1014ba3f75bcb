import { ownerOf, subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueUser = defineRule({
  name: "unique-user",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "No two users of an account have the same name.",
  reason: "The name decides which keys may log in: if two users share a name, one silently gets the keys of the other.",
  fix: "Give each user of the account its own `name`, or put the keys together.",
  *find({ users }) {
    for (const { element } of repeats(users, ({ account, name }) => `${account}/${name}`)) {
      const at = subject.user(element, "name");
      yield { subject: at, message: `${ownerOf(subject.user(element))} is declared twice.` };
    }
  },
});
