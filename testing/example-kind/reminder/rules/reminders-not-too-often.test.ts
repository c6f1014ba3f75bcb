import { changed, testRule } from "../../../testing/test-rule.ts";
import { remindersNotTooOften } from "./reminders-not-too-often.ts";

testRule(remindersNotTooOften, {
  "one that never rests": {
    break: (valid) => changed(valid, "reminders", 1, (reminder) => ({ ...reminder, everyMinutes: 1 })),
    expect: ["reminder 2/water everyMinutes: Reminder 2/water comes every 1 minutes."],
  },
});
