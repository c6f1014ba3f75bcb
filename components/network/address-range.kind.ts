import { z } from "zod";
import { within4, within6 } from "../../lib/ranges.ts";
import { number, text } from "../inputs.ts";
import { derivedField, identity, key } from "../registry/fields/field-class.ts";
import type { Element, Kind } from "../registry/kind.ts";
import { canonicalPrefix } from "../schema.ts";

export const inputs = z.strictObject({
  prefix: key(text).describe("In CIDR notation, canonical."),
  version: derivedField(number).describe("Of the Internet Protocol: 4 or 6."),
  within: derivedField(text).exactOptional().describe("The owned range it is part of; an owned one has none."),
  site: identity(text).exactOptional().describe("The site that has it; an owned one has none."),
  purpose: identity(text).describe("What it is for: `owned`, `hosts and accounts` or `front ends`."),
});

export const kind: Kind<"ranges"> = {
  key: "ranges",
  name: "range",
  words: ["range", "ranges"],
  description: "An owned range, or what a site has of one. Hosts' and accounts' addresses follow from these.",
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
      const outer = owned.find(
        (range) => range.version === version && range.prefix !== prefix && contains(prefix, range.prefix),
      );
      return { prefix, version, ...(outer && { within: outer.prefix }), site, purpose };
    };
    const ofSites = sites.flatMap(({ name, prefix, prefix4 }) => [
      of(name, canonicalPrefix(prefix), 6, "hosts and accounts"),
      ...(prefix4 === undefined ? [] : [of(name, prefix4, 4, "front ends")]),
    ]);
    // An owned range that one site has as a whole is one range, not two of the same name.
    const whole = new Set(ofSites.map(({ prefix }) => prefix));
    return [...owned.filter(({ prefix }) => !whole.has(prefix)), ...ofSites];
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
