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
    const owners = [
      ...hosts.map((host) => ({
        address: host.address,
        name: `host ${host.name}`,
        subject: subject.host(host, "address"),
      })),
      ...addresses.map((each) => ({
        address: each.address,
        name: `account ${each.account}`,
        subject: subject.address(each, "address"),
      })),
    ];
    for (const { element, first, key } of repeats(owners, (owner) => owner.address)) {
      yield {
        subject: element.subject,
        message: `Address ${key} of ${element.name} is also the address of ${first.name}.`,
      };
    }
  },
});
