import { subject } from "../../components/registry/subject.ts";
import { defineRule, repeats } from "../../components/rule.ts";

export const uniqueAddress = defineRule({
  name: "unique-address",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "No IPv6 address belongs to two accounts, or to an account and a host.",
  reason: "Requests to a shared address reach one of the owners at random, so one account may answer for another.",
  fix: "Give each account its own `number`, and use addresses in subnet 0 of the site for hosts.",
  *find({ hosts, addresses }) {
    const nameOf = (each: (typeof hosts | typeof addresses)[number]) =>
      "account" in each ? `account ${each.account}` : `host ${each.name}`;
    for (const { element, first, key } of repeats([...hosts, ...addresses], ({ address }) => address)) {
      yield {
        subject: "account" in element ? subject.address(element, "address") : subject.host(element, "address"),
        message: `Address ${key} of ${nameOf(element)} is also the address of ${nameOf(first)}.`,
      };
    }
  },
});
