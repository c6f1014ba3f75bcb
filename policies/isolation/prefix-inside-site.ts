import { BlockList, isIPv6 } from "node:net";
import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const prefixInsideSite = defineRule({
  name: "prefix-inside-site",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description: "Every account's prefix lies inside the range of its site, and is not the site's own first /64.",
  reason: "The routers of a site send only its own range there, and its first /64 is where hosts and routers live.",
  remediation: "Let the account's prefix follow from its number and its site; declare no other.",
  *find({ sites, addresses }) {
    const ranges = new Map(sites.map(({ name, prefix }) => [name, rangeOf(prefix)]));
    for (const address of addresses) {
      const wrong = (found: string) => ({
        subject: subject.address(address, "prefix"),
        message: `The prefix ${address.prefix} of account ${address.account} ${found}.`,
      });
      const site = ranges.get(address.site);
      const own = parse(address.prefix);
      if (site === undefined) yield wrong(`is at site ${address.site}, which is not declared`);
      else if (own === undefined || own.length < site.length || !site.whole.check(own.address, "ipv6")) {
        yield wrong(`lies outside the range ${site.text} of site ${address.site}`);
      } else if (site.first.check(own.address, "ipv6")) yield wrong(`is site ${address.site}'s own`);
    }
  },
});

/** A site's range and its first /64; undefined when the text is no prefix. */
function rangeOf(text: string) {
  const prefix = parse(text);
  if (prefix === undefined) return undefined;
  const subnet = (length: number) => {
    const list = new BlockList();
    list.addSubnet(prefix.address, length, "ipv6");
    return list;
  };
  return { text, length: prefix.length, whole: subnet(prefix.length), first: subnet(64) };
}

/** The parts of an IPv6 prefix. By Node's own means: an account's prefix takes a microsecond, not thirty. */
function parse(text: string): { readonly address: string; readonly length: number } | undefined {
  const [, address, length] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  if (address === undefined || !isIPv6(address) || Number(length) > 128) return undefined;
  return { address, length: Number(length) };
}
