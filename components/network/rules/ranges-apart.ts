import { Address4, Address6 } from "ip-address";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const rangesApart = defineRule({
  name: "ranges-apart",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description:
    "Every range of a site is inside an owned range; ranges of sites do not overlap, and owned ranges do not overlap.",
  reason:
    "The platform may announce only its own addresses, and with overlapping ranges one site gets another site's visitors.",
  fix: "Give the site a free part of an owned range.",
  *find({ ranges, networks }) {
    const all = ranges.map((range) => ({ range, ...bounds(range.prefix) }));
    const owned = all.filter(({ range }) => range.purpose === "owned");
    const used = all.filter(({ range }) => range.purpose !== "owned");
    // A site may have an owned range as a whole: then the range is the site's, and only the network lists it as owned.
    const outers = networks.flatMap(({ prefixes, prefixes4 }) => [...prefixes, ...prefixes4].map(bounds));
    for (const { range, version, first, last } of used) {
      if (outers.some((outer) => outer.version === version && outer.first <= first && last <= outer.last)) continue;
      const message = `The range ${range.prefix} of site ${range.site} is not inside an owned range.`;
      yield { subject: subject.range(range), message };
    }
    for (const list of [owned, used]) {
      // Sorted by first address: a range that overlaps any other overlaps one of its neighbours.
      const sorted = list.toSorted(
        (a, b) => a.version - b.version || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0),
      );
      let reaching = sorted[0];
      for (const next of sorted.slice(1)) {
        if (reaching && next.version === reaching.version && next.first <= reaching.last) {
          const message = `The range ${next.range.prefix}${at(next.range.site)} overlaps ${reaching.range.prefix}${at(reaching.range.site)}.`;
          yield { subject: subject.range(next.range), message };
        }
        if (!reaching || next.version !== reaching.version || next.last > reaching.last) reaching = next;
      }
    }
  },
});

function at(site: string | undefined): string {
  return site === undefined ? "" : ` of site ${site}`;
}

/** First and last address; a text that is not a range becomes an empty range, which is inside no other. */
function bounds(text: string): { readonly version: number; readonly first: bigint; readonly last: bigint } {
  for (const [version, kind] of [
    [6, Address6],
    [4, Address4],
  ] as const) {
    if (!kind.isValid(text)) continue;
    const prefix = new kind(text);
    return { version, first: prefix.startAddress().bigInt(), last: prefix.endAddress().bigInt() };
  }
  return { version: 0, first: 0n, last: -1n };
}
