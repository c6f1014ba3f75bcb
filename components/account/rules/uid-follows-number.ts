import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const uidFollowsNumber = defineRule({
  name: "uid-follows-number",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "Every account's uid is the fleet's first uid plus the account's number.",
  reason:
    "Files on hosts and in backups belong to that uid: with another uid the account loses access to its own files.",
  fix: "Do not set `uid` by hand: it is `uidBase` of network.yaml plus the account's `number`.",
  *find({ networks, accounts }) {
    for (const { uidBase } of networks) {
      for (const account of accounts) {
        if (account.uid === uidBase + account.number) continue;
        yield {
          subject: subject.account(account, "uid"),
          message: `Account ${account.number} has uid ${account.uid} instead of ${uidBase + account.number}.`,
        };
      }
    }
  },
});
