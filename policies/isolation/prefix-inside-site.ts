import { Address6 } from "ip-address";
import { defineRule, subject } from "../rule.ts";

export const prefixInsideSite = defineRule({
  name: "prefix-inside-site",
  severity: "critical",
  scope: "stack",
  description: "Every account's prefix lies inside the range of its site, and is not the site's own first /64.",
  reason: "The routers of a site send only its own range there, and its first /64 is where hosts and routers live.",
  remediation: "Let the account's prefix follow from its number and its site; declare no other.",
  *find({ sites, addresses }) {
    const ranges = new Map(sites.map(({ name, prefix }) => [name, bounds(prefix)]));
    for (const address of addresses) {
      const wrong = (found: string) => ({
        subject: subject.address(address, "prefix"),
        message: `The prefix ${address.prefix} of account ${address.account} ${found}.`,
      });
      const site = ranges.get(address.site);
      const own = bounds(address.prefix);
      if (site === undefined) yield wrong(`is at site ${address.site}, which is not declared`);
      else if (own === undefined || own.first < site.first || own.last > site.last) {
        yield wrong(`lies outside the range ${site.text} of site ${address.site}`);
      } else if (own.first < site.first + (1n << 64n)) yield wrong(`is site ${address.site}'s own`);
    }
  },
});

/** First and last address of a prefix; undefined when it is none. */
function bounds(text: string): { readonly text: string; readonly first: bigint; readonly last: bigint } | undefined {
  if (!text.includes("/") || !Address6.isValid(text)) return undefined;
  const prefix = new Address6(text);
  return { text, first: prefix.startAddress().bigInt(), last: prefix.endAddress().bigInt() };
}
