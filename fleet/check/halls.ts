import { type Site, subnetZero } from "../../components/declaring.ts";
import { canonical } from "../../components/schema.ts";
import { schema as siteSchema } from "../../components/site/site.file.ts";
import { within6 } from "../../lib/ranges.ts";
import { shown } from "../../lib/text/text.ts";
import type { Path, Problem } from "../load/problem.ts";
import type { Source } from "../load/source.ts";
import type { Entry } from "../load/validate.ts";
import { type Entries, items, nameOf, type Placed, place, placed } from "./references.ts";

/** The halls of a site, if they are valid; other properties of the site may be invalid. */
export function hallsOf(site: Entry<Site>): Site["halls"] | undefined {
  const halls = site.whole?.halls ?? siteSchema.shape.halls.safeParse(site.loose.halls).data;
  const once = (list: readonly { name: string }[]): boolean =>
    new Set(list.map(({ name }) => name)).size === list.length;
  return halls !== undefined && [halls, ...halls.flatMap(({ chains, racks }) => [chains, racks])].every(once)
    ? halls
    : undefined;
}

/** One text property of every entry of a list. */
export function named(
  source: Source,
  path: Path,
  list: readonly (object | undefined)[] | undefined,
  key = "name",
): Placed<string>[] {
  return items(list).flatMap(([index, item]) =>
    placed(source, [...path, index, key], (item as Record<string, string | undefined>)[key]),
  );
}

/** Checks that an address is in subnet 0 of its site: its first /64, for infrastructure, without the anycast address `::` (RFC 4291, 2.6.1). */
export function inSubnetZero(
  here: Placed<string>,
  siteName: string | undefined,
  sites: Entries["sites"],
  what: string,
): Problem[] {
  const site: Entry<Site> | undefined = sites.find((candidate) => nameOf(candidate) === siteName);
  const prefix = site?.loose.prefix;
  if (site === undefined || prefix === undefined) return [];
  const subnet = subnetZero({ prefix });
  const address = canonical(here.value);
  if (within6(`${address}/128`, subnet) && address !== canonical(subnet.replace("/64", ""))) return [];
  const where = place({ source: site.source, path: ["prefix"], value: prefix });
  const message = `the address ${shown(here.value)} of the ${what} is not in subnet 0 of its site, ${subnet} (${where})`;
  const example = canonical(`${subnet.replace("/64", "")}`).replace(/::$/, "::11");
  return [here.source.problem(here.path, message, `choose a free address of ${subnet}, such as ${example}`)];
}
