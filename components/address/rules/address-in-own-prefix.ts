import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const addressInOwnPrefix = defineRule({
  name: "address-in-own-prefix",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the program derives the value",
  description: "Every account's prefix is a /64 and its address is `<prefix>::1`, both in canonical form (RFC 5952).",
  reason:
    "An address outside the account's prefix belongs to another account, and two spellings of one address hide a duplicate.",
  fix: "Do not set prefix and address by hand: they follow from the site's `prefix` and the account's `number`.",
  *find({ addresses }) {
    for (const each of addresses) {
      const network = canonicalNetwork(each.prefix);
      if (network === undefined) {
        yield {
          subject: subject.address(each, "prefix"),
          message: `Account ${each.account} has prefix ${each.prefix}, which is not a canonical /64.`,
        };
        continue;
      }
      const expected = `${network}1`;
      if (each.address === expected) continue;
      yield {
        subject: subject.address(each, "address"),
        message: `Account ${each.account} has address ${each.address} instead of ${expected} in its prefix ${each.prefix}.`,
      };
    }
  },
});

/**
 * The network of a canonical /64, for example `2001:db8:1:4::`; its address 1 is written by appending a 1. At most four groups
 * before the `::`, since the 64 bits behind them are zero: that is the longest run of zeros, so the last group is none, and the
 * others stand as they are, without leading zeros.
 */
function canonicalNetwork(prefix: string): string | undefined {
  return /^((?:(?:0|[1-9a-f][0-9a-f]{0,3}):){0,3}[1-9a-f][0-9a-f]{0,3}::)\/64$/.exec(prefix)?.[1];
}
