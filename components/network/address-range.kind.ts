import { z } from "zod";
import { within4, within6 } from "../../lib/ranges.ts";
import { number, text } from "../inputs.ts";
import type { Element, Kind } from "../kind.ts";
import { canonicalPrefix } from "../schema.ts";

export const inputs = z.strictObject({
  prefix: text.describe("Canonical."),
  version: number,
  within: text.exactOptional().describe("Owned range that contains it; an owned range has none."),
  site: text.exactOptional(),
  purpose: text,
});

/** An owned range, or a site's part of one. Addresses of hosts and accounts are in the parts of sites. */
export const kind: Kind<"ranges"> = {
  key: "ranges",
  name: "range",
  words: ["range", "ranges"],
  type: "fairhost:network:AddressRange",
  identity: ["prefix"],
  inputs,
  resourceName: ({ prefix }) => `range-${prefix}`,
  parent: ({ site }) => (site === undefined ? ["network"] : ["site", site]),
  concerns: "fleet",
  retired: "retired.yaml",
  deletion: "approval",
  declare: ({ fleet: { network, sites } }) => {
    const owned = [
      ...network.prefixes.map((prefix) => ({ prefix: canonicalPrefix(prefix), version: 6, purpose: "owned" })),
      ...network.prefixes4.map((prefix) => ({ prefix, version: 4, purpose: "owned" })),
    ];
    const of = (site: string, prefix: string, version: number, purpose: string): Element<"ranges"> => {
      const contains = version === 6 ? within6 : within4;
      const outer = owned.find((range) => range.version === version && contains(prefix, range.prefix));
      return { prefix, version, ...(outer && { within: outer.prefix }), site, purpose };
    };
    return [
      ...owned,
      ...sites.flatMap(({ name, prefix, prefix4 }) => [
        of(name, canonicalPrefix(prefix), 6, "hosts and accounts"),
        ...(prefix4 === undefined ? [] : [of(name, prefix4, 4, "front ends")]),
      ]),
    ];
  },
  place: (files, name) => {
    const isIt = (prefix: string | undefined) => {
      return prefix === name || (prefix?.includes(":") && canonicalPrefix(prefix) === name);
    };
    const [network] = files.all("network");
    for (const key of ["prefixes", "prefixes4"] as const) {
      const position = network!.whole[key].findIndex(isIt);
      if (position >= 0) return { source: network!, path: [key, position] };
    }
    for (const site of files.all("sites")) {
      for (const key of ["prefix", "prefix4"] as const) if (isIt(site.whole[key])) return { source: site, path: [key] };
    }
    return undefined;
  },
};
