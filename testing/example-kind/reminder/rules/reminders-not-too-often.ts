import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const remindersNotTooOften = defineRule({
  name: "reminders-not-too-often",
  theme: "isolation",
  severity: "low",
  scope: "resource",
  waivable: true,
  description: "No reminder comes more often than every five minutes.",
  reason: "What starts all the time is no reminder, and keeps the host's processors from sleeping.",
  fix: "Write `everyMinutes: 5` or more, or run it as an HTTP server.",
  *find({ reminders }) {
    for (const reminder of reminders) {
      if (reminder.everyMinutes >= 5) continue;
      yield {
        subject: subject.reminder(reminder, "everyMinutes"),
        message: `Reminder ${reminder.account}/${reminder.name} comes every ${reminder.everyMinutes} minutes.`,
      };
    }
  },
});
