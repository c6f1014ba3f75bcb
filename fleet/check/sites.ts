import { freeUids, largestNumberAt } from "../../components/declaring.ts";
import type { Fleet } from "../../components/registry/files.generated.ts";
import { canonicalPrefix } from "../../components/schema.ts";
import { within4, within6 } from "../../lib/ranges.ts";
import { shown } from "../../lib/text/text.ts";
import type { Problem } from "../load/problem.ts";
import type { Entry } from "../load/validate.ts";
import { named } from "./halls.ts";
import { type Entries, items, known, names, type Placed, place, placed, unique } from "./references.ts";

const ranges = ["prefix", "prefix4"] as const;

/**
 * The entries without the ranges of sites that have a problem: that an address is not in such a range says nothing of the address, and
 * a hundred of these would hide the one cause.
 */
export function withoutWrongRanges(entries: Entries, problems: readonly Problem[]): Entries {
  const wrong = new Set(problems.map(({ file, path }) => `${file} ${path}`));
  const sites = entries.sites.map((site) => {
    const unclear = ranges.filter((range) => wrong.has(`${site.source.file} ${range}`));
    return unclear.length === 0
      ? site
      : { ...site, loose: { ...site.loose, ...Object.fromEntries(unclear.map((range) => [range, undefined])) } };
  });
  return { ...entries, sites };
}

/** Whether a site has a range, but a wrong one. */
export function isUnclear({ loose }: Entries["sites"][number], range: (typeof ranges)[number]): boolean {
  return loose[range] === undefined && Object.hasOwn(loose, range);
}

/** Whether an item of a list is wrong, so that nothing can be said to be missing in it. */
function hasGap(list: readonly unknown[] | undefined): boolean {
  return list?.includes(undefined) ?? false;
}

/** Checks the ranges, uids and names of sites. */
export function checkSites({ network: [network], sites }: Entries): Problem[] {
  const owned = items(network?.loose.prefixes);
  const prefixes = sites.flatMap(({ source, loose }) => placed(source, ["prefix"], loose.prefix));
  const outside = prefixes.flatMap((here) => {
    if (network === undefined || owned.length === 0 || hasGap(network.loose.prefixes)) return [];
    if (owned.some(([, prefix]) => within6(here.value, prefix))) return [];
    const list = owned.map(([, prefix]) => prefix).join(", ");
    const message = `the site's prefix ${here.value} lies outside the owned prefixes ${list}`;
    return [
      here.source.problem(
        here.path,
        message,
        "choose a free part of an owned prefix; if the range is owned, add it to prefixes of network.yaml",
      ),
    ];
  });
  const ownedOverlap = owned.flatMap(([index, prefix], position) => {
    const other = owned.slice(0, position).find(([, earlier]) => within6(prefix, earlier) || within6(earlier, prefix));
    if (other === undefined) return [];
    return [network!.source.problem(["prefixes", index], `${prefix} overlaps ${other[1]}`, "keep only the larger one")];
  });
  const owned4 = items(network?.loose.prefixes4);
  const prefixes4 = sites.flatMap(({ source, loose }) => placed(source, ["prefix4"], loose.prefix4));
  const outside4 = prefixes4.flatMap((here, position) => {
    const overlap = prefixes4.slice(0, position).find(({ value }) => overlap4(value, here.value));
    if (overlap) {
      const message = `the IPv4 range ${here.value} overlaps ${overlap.value} of another site`;
      return [here.source.problem(here.path, message, "choose a free range: two sites must not share addresses")];
    }
    if (
      network === undefined ||
      hasGap(network.loose.prefixes4) ||
      owned4.some(([, prefix]) => within4(here.value, prefix))
    )
      return [];
    const list = owned4.length === 0 ? " (there are none)" : ` ${owned4.map(([, prefix]) => prefix).join(", ")}`;
    const message = `the site's IPv4 range ${here.value} lies outside the owned ranges${list}`;
    const fix = "choose a free part of an owned range; if the range is owned, add it to prefixes4 of network.yaml";
    return [here.source.problem(here.path, message, fix)];
  });
  const emulated = sites.flatMap(({ source, loose }) => {
    if (!loose.emulated || loose.prefix === undefined || within6(loose.prefix, "fc00::/7")) return [];
    const message = `the site is emulated, but its prefix ${loose.prefix} is not a unique local one`;
    return [source.problem(["emulated"], message, "write emulated: false, or give the site a prefix in fc00::/7")];
  });
  const backups = sites.flatMap(({ source, loose }) =>
    placed(source, ["backupSite"], loose.backupSite).flatMap((here) => known(here, "site", names(sites))),
  );
  const owned4Overlap = owned4.flatMap(([index, prefix], position) => {
    const other = owned4.slice(0, position).find(([, earlier]) => overlap4(prefix, earlier));
    if (other === undefined) return [];
    return [
      network!.source.problem(["prefixes4", index], `${prefix} overlaps ${other[1]}`, "keep only the larger one"),
    ];
  });
  const inner = sites.flatMap(({ source, loose }) =>
    items(loose.halls).flatMap(([hall, { chains, racks }]) => [
      ...unique(named(source, ["halls", hall, "chains"], chains), "chain", "give every chain of the hall its own name"),
      ...unique(named(source, ["halls", hall, "racks"], racks), "rack", "give every rack of the hall its own name"),
    ]),
  );
  return [
    ...outside,
    ...ownedOverlap,
    ...outside4,
    ...owned4Overlap,
    ...emulated,
    ...backups,
    ...overlapping(prefixes),
    ...checkUids(network, prefixes),
    ...sites.flatMap(({ source, loose }) =>
      unique(named(source, ["halls"], loose.halls), "hall", "give every hall of the site its own name"),
    ),
    ...inner,
  ];
}

/** Checks that the prefixes of sites do not overlap, whatever their lengths. */
function overlapping(prefixes: readonly Placed<string>[]): Problem[] {
  return prefixes.flatMap((here, position) => {
    const other = prefixes
      .slice(0, position)
      .find(({ value }) => within6(here.value, value) || within6(value, here.value));
    if (other === undefined) return [];
    const message =
      canonicalPrefix(here.value) === canonicalPrefix(other.value)
        ? `the prefix ${shown(here.value)} is already taken by ${place(other)}`
        : `the prefix ${shown(here.value)} overlaps ${shown(other.value)} of ${place(other)}`;
    return [here.source.problem(here.path, message, "choose another range: two sites must not share addresses")];
  });
}

/** Checks that Debian gives none of the uids that accounts can get to anything else. */
function checkUids(network: Entry<Fleet["network"]> | undefined, prefixes: readonly Placed<string>[]): Problem[] {
  const base = network?.loose.uidBase;
  if (network === undefined || base === undefined || prefixes.length === 0) return [];
  const last = base + Math.max(...prefixes.map(({ value }) => largestNumberAt({ prefix: value })));
  if (freeUids.some((range) => base >= range.first && last <= range.last)) return [];
  const free = freeUids.map((range) => `${range.first} to ${range.last}`).join(" and ");
  const message = `accounts would have uids ${base + 1} to ${last}, but not all of these are free`;
  return [
    network.source.problem(
      ["uidBase"],
      message,
      `choose a uidBase with which all uids lie within ${free} (systemd's UIDS-GIDS.md), or give the sites longer prefixes: a /48 needs 65535 uids, a /40 16777215`,
    ),
  ];
}

function overlap4(one: string, other: string): boolean {
  return within4(one, other) || within4(other, one);
}
