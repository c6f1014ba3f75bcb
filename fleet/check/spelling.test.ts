import fc from "fast-check";
import { expect, test } from "vitest";
import { readSource } from "../load/source.ts";
import { inOneScope, slipBetween, tracesOf } from "./spelling.ts";

const both = (of: "company" | "place" | "model", one: string, other: string) => [
  slipBetween(of, one, other),
  slipBetween(of, other, one),
];

test.each([
  ["company", "equinix", "equinx"],
  ["company", "juniper", "junipr"],
  ["company", "juniper", "junniper"],
  ["company", "Telehouse", "Telehous"],
  ["company", "dell", "del"],
  ["company", "colt", "bolt"],
  ["company", "transit-1", "trasit-1"],
  ["place", "feed-north", "feed-nort"],
  ["place", "feednort", "feed-north"],
  ["place", "feed-north", "feed-nozth"],
  ["place", "hall-a", "halll-a"],
  ["place", "hall-a", "hal-a"],
  ["place", "rack-1", "rackk-1"],
  ["place", "rack-1", "rck-1"],
  ["model", "PowerEdge R6615", "PowerEge R6615"],
  ["model", "Micron 7450 PRO", "Microon 7450 PRO"],
  ["model", "Micron 7450 PRO", "Mikron 7450 PRO"],
] as const)("%s %s and %s: one may be the other, misspelled", (of, one, other) => {
  expect(both(of, one, other)).toEqual(["one letter", "one letter"]);
});

test.each([
  ["place", "feed-a", "feed-b"],
  ["place", "feedA", "feedB"],
  ["place", "feeda", "feedb"],
  ["place", "racka", "rackb"],
  ["place", "arow-1", "brow-1"],
  ["place", "row", "rowa"],
  ["place", "rack-1", "rack-2"],
  ["place", "deber", "debre"],
  ["place", "lfpg", "lfbg"],
  ["place", "rackab", "rackba"],
  ["place", "rackaa", "rackba"],
  ["place", "core1west", "corewest1"],
  ["place", "rack-1", "rack-11"],
  ["place", "r1", "r11"],
  ["place", "r01", "r02"],
  ["place", "edge-nw", "edge-sw"],
  ["place", "hall-a", "hall-b"],
  ["place", "hall-a", "hall-ab"],
  ["place", "hall-east", "hall-west"],
  ["place", "A-feed", "B-feed"],
  ["place", "feed-a1", "feed-b1"],
  ["place", "ups-a-1", "ups-b-1"],
  ["place", "line 1a", "line 1b"],
  ["place", "Feed A (north)", "Feed B (north)"],
  ["place", "main-a.ups", "main-b.ups"],
  ["place", "site-par1", "site-par2"],
  ["company", "ovh", "ovh2"],
  ["company", "transit-1", "transit-2"],
  ["company", "equinix", "equinix-x"],
  ["company", "colt", "cogent"],
  ["model", "PM9A3", "PM9A1"],
  ["model", "AS-1115SV-WTNRT", "AS-1115SV-WTNR"],
  ["model", "DCS-7050SX", "DCS-7050SXM"],
  ["model", "7450 PRO", "7450 PR"],
  ["model", "PowerEdge R6615", "PowerEdge R7615"],
  ["model", "Ultra A", "Ultra B"],
] as const)("%s %s and %s are two names", (of, one, other) => {
  expect(both(of, one, other)).toEqual([undefined, undefined]);
});

test.each([
  ["company", "equinix", "equiinx"],
  ["company", "Supermicro", "Supermicor"],
  ["place", "hall-north", "hall-norht"],
  ["model", "PowerEdge R6615", "PowreEdge R6615"],
] as const)("%s %s and %s: two letters are swapped", (of, one, other) => {
  expect(both(of, one, other)).toEqual(["two swapped letters", "two swapped letters"]);
});

test.each([
  ["company", "equinix", "eqinx"],
  ["company", "telehouse", "telhose"],
  ["company", "Supermicro", "Supermikrp"],
  ["company", "hurricane electric", "huricane electrik"],
  ["company", "juniper", "jnuiepr"],
  ["model", "PowerEdge R6615", "PowrEge R6615"],
  ["model", "Ultrastar SN640", "Ultrasrat SN640"],
] as const)("%s %s and %s: two letters of a long word", (of, one, other) => {
  expect(both(of, one, other)).toEqual(["two letters", "two letters"]);
});

test.each([
  ["company", "cogent", "regent"],
  ["company", "transit-north", "transit-south"],
  ["company", "interxion", "interoute"],
  ["company", "telekom", "telenor"],
  ["company", "intelsat", "eutelsat"],
  ["company", "entergy", "evergy"],
  ["company", "northern-power", "southern-power"],
  ["company", "eastern", "western"],
  ["company", "grid-northeast", "grid-northwest"],
  ["company", "northeastern", "northwestern"],
  ["company", "equinix-paris", "equinix-lyon"],
  ["company", "seaborn-networks", "seabone"],
  ["place", "feed-northwest", "feed-southwest"],
  ["place", "courbevoie", "corbevoi"],
  ["model", "Micron 7450 PRO", "Mikrom 7450 PRO"],
  ["model", "XLARGEDISK", "XLAGREDSIK"],
  ["model", "PowerEdge R6615", "PowrEge R7615"],
] as const)("%s %s and %s: two names, though a few letters are the same", (of, one, other) => {
  expect(both(of, one, other)).toEqual([undefined, undefined]);
});

test.each([
  ["model", "MX204", "MX240"],
  ["model", "PM9A3", "PMA93"],
  ["place", "feed-ab", "feed-ba"],
  ["company", "equinix", "equinix"],
] as const)("%s %s and %s: no letters are swapped", (of, one, other) => {
  expect(both(of, one, other)).toEqual([undefined, undefined]);
});

test("two names with a slip between them have a trace in common", () => {
  const part = fc.stringMatching(/^[a-cA-C]{1,5}$/);
  const word = fc.oneof(part, fc.stringMatching(/^[12]$/), fc.constantFrom("rack", "Feed", "north", "juniper"));
  const name = fc
    .array(word, { minLength: 1, maxLength: 4 })
    .chain((words) => fc.constantFrom("-", " ", "").map((between) => words.join(between)));
  const slipped = fc.tuple(name, fc.nat(20), fc.constantFrom("", "a", "b", "x")).map(([text, at, letter]) => {
    const place = at % (text.length + 1);
    return [text, text.slice(0, place) + letter + text.slice(place + (at % 2))] as const;
  });
  let slips = 0;
  fc.assert(
    fc.property(
      fc.oneof(slipped, fc.tuple(name, name)),
      fc.constantFrom("company", "place", "model"),
      ([one, other], of) => {
        if (slipBetween(of, one, other) === undefined) return;
        slips++;
        const traces = new Set(tracesOf(of, one));
        expect(tracesOf(of, other).some((trace) => traces.has(trace))).toBe(true);
      },
    ),
    { numRuns: 5000 },
  );
  expect(slips).toBeGreaterThan(100);
});

test("four times as many names are compared with four times as many looks at them", () => {
  const { source } = readSource("network.yaml", "");
  const looksAt = (count: number): number => {
    let looks = 0;
    const values = Array.from({ length: count }, (_, index) => ({
      source,
      path: [index],
      get value() {
        looks++;
        return `switch-${"abcdefgh"[index % 8]!.repeat(3)}-${Math.floor(index / 8)}`;
      },
    }));
    expect(inOneScope("device", values)).toEqual([]);
    return looks;
  };
  expect(looksAt(800) / looksAt(200)).toBeLessThan(4.2);
});
