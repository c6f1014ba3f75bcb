import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueSlice = defineRule({
  name: "unique-slice",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "No two accounts have the same systemd slice.",
  reason: "Weights and limits apply to a slice: two accounts in one slice take memory, tasks and CPU from each other.",
  fix: "Give each account its own `number`: the slice follows from it.",
  *find({ accounts }) {
    for (const { element, first, key } of repeats(accounts, (account) => account.slice)) {
      yield {
        subject: subject.account(element, "slice"),
        message: `Account ${element.number} has slice ${key}, the same as account ${first.number}.`,
      };
    }
  },
});
