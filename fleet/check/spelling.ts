import { type Spelled, spelledMeanings } from "../../components/inputs.ts";
import { valuesOf } from "../../components/registry/fields/schema-walk.ts";
import type { FileKind } from "../../components/registry/file.ts";
import { type FileKey, fileKinds } from "../../components/registry/files.generated.ts";
import { shown } from "../../lib/text/text.ts";
import type { Problem } from "../load/problem.ts";
import { type Entries, items, type Placed, place, placed, unique } from "./references.ts";

/** A name without what people write in one way or another: case, spaces, hyphens, dots, slashes, underscores. */
function folded(name: string | number): string {
  return String(name)
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s\-_./]/g, "");
}

/** A serial number without what scanners and people write in one way or another. */
export function asPrinted(serial: string | number): string {
  return String(serial)
    .toUpperCase()
    .replace(/[\s\-._]/g, "");
}

/** Names of ports that switches and people shorten, each with its short one. */
const shortened = [
  [/^(?:ethernet|et)(?=\d)/, "eth"],
  [/^(?:gigabitethernet|gig)(?=\d)/, "gi"],
  [/^tengigabitethernet(?=\d)/, "te"],
] as const;

/** `<switch> <port>` without what people write in one way or another; slashes, and hyphens between digits, say which port it is. */
export function portAsPrinted(place: string | number): string {
  const [, device, port] = /^(\S+) (.*)$/s.exec(String(place)) ?? ["", "", String(place)];
  const plain = port!
    .toLowerCase()
    .replace(/[\s_]|(?<!\d)-|-(?!\d)/g, "")
    .replace(/(?<!\d)0+(?=\d)/g, "");
  return `${device} ${shortened.reduce((text, [long, short]) => text.replace(long, short), plain)}`;
}

/** Checks that names which are compared with each other are written in one way, and that what they say fits together. */
export function checkSpelling(entries: Entries): Problem[] {
  return [
    ...(Object.keys(spelledMeanings) as Spelled[]).flatMap((meaning) =>
      [...Map.groupBy(valuesIn(entries, meaning), (value) => scopeOf(meaning, value)).values()].flatMap((values) =>
        inOneScope(meaning, values),
      ),
    ),
    ...oneMaker(entries),
    ...entries.sites.flatMap(({ source, loose }) =>
      unique(
        items(loose.spares).flatMap(([index, { model }]) => placed(source, ["spares", index, "model"], model)),
        "the spare part",
        "count all parts of a model in one entry",
        folded,
      ),
    ),
  ];
}

function valuesIn(entries: Entries, meaning: Spelled): Placed<string>[] {
  return (Object.entries(fileKinds) as [FileKey, FileKind][]).flatMap(([key, { schema }]) =>
    entries[key].flatMap(({ source, loose }) =>
      valuesOf(schema, loose, meaning).flatMap(({ path, value }) => {
        const steps = path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
        return typeof value === "string" ? placed(source, steps, value) : [];
      }),
    ),
  );
}

/** Where a name is one: the same name elsewhere is another's. */
function scopeOf(meaning: Spelled, { source, path }: Placed<string>): string {
  const { in: where } = spelledMeanings[meaning];
  if (where === "fleet") return "";
  // In a list an item has a position, and its name a key.
  return [source.file, ...(where === "list" ? path.slice(0, -2) : [])].join(" ");
}

/**
 * Reports each name that an earlier place spells in another way, and each that may be an earlier one with a slip in it: as two names,
 * they would count as independent of each other.
 */
export function inOneScope(meaning: Spelled, values: readonly Placed<string>[]): Problem[] {
  const known = new Map<string, Placed<string>>();
  const distinct: Placed<string>[] = [];
  // Positions among these. All names with all others would be too many pairs.
  const byTrace = new Map<string, number[]>();
  return values.flatMap((here) => {
    const key = folded(here.value);
    const same = known.get(key);
    if (same?.value === here.value) return [];
    const problem = (message: string, fix: string) => [
      here.source.problem(here.path, `the ${meaning} ${shown(here.value)} ${message}`, fix),
    ];
    if (same) {
      const fix = "write it in one way everywhere; two that really differ need names that differ in letters or digits";
      return problem(`is spelled ${shown(same.value)} at ${place(same)}`, fix);
    }
    known.set(key, here);
    const index = distinct.push(here) - 1;
    const { names } = spelledMeanings[meaning];
    const traces = tracesOf(names, here.value);
    const near = traces.flatMap((trace) => byTrace.get(trace) ?? []);
    for (const trace of traces) {
      const those = byTrace.get(trace);
      if (those) those.push(index);
      else byTrace.set(trace, [index]);
    }
    for (const earlier of [...new Set(near)].sort((left, right) => left - right)) {
      const other = distinct[earlier]!;
      const how = slipBetween(names, other.value, here.value);
      if (how === undefined) continue;
      const fix = `correct the one that is misspelled; two that really differ need names that differ in more than ${how}`;
      return problem(`differs in ${how} from ${shown(other.value)} at ${place(other)}`, fix);
    }
    return [];
  });
}

/** The words of a name as they are written, each once: `feedA1` has three. */
function wordsOf(name: string): string[] {
  const words = name
    .normalize("NFKC")
    .split(/[^\p{L}\p{N}]+|(?<=\p{N})(?=\p{L})|(?<=\p{L})(?=\p{N})|(?<=\p{Ll})(?=\p{Lu})/u)
    .filter((word) => word !== "");
  return [...new Map(words.map((word) => [word.toLowerCase(), word])).values()];
}

/**
 * What two names with a slip between them have in common, whichever it is ({@link slipBetween}): their numbers, and their letters in
 * any order, of which one may be left out on each side; where two letters may differ, two.
 */
export function tracesOf(of: Named, name: string): string[] {
  const words = wordsOf(name).map((word) => word.toLowerCase());
  const [spelled, numbers] = [true, false].map((isSpelled) =>
    words.filter((word) => /^\p{L}/u.test(word) === isSpelled),
  );
  const letters = spelled!.join("").split("").sort();
  const without = letters.map((_, index) => letters.toSpliced(index, 1));
  const isLong = of !== "place" && letters.length >= longWord - 2;
  const further = isLong ? without.flatMap((some) => some.map((_, index) => some.toSpliced(index, 1).join(""))) : [];
  const fixed = numbers!.sort().join(" ");
  const all = [letters.join(""), ...without.map((some) => some.join("")), ...further];
  return [...new Set(all)].map((some) => `${fixed} ${some}`);
}

/** Letters of a word in which two slips leave no doubt that it is the other one: shorter ones are names of their own too (cogent and regent). */
const longWord = 7;

/** The same where another letter is one of the slips: telekom and telenor, intelsat and eutelsat, entergy and evergy are companies of their own. */
const longerWord = 9;

/** They tell apart, whatever their letters: northern and southern, grid-northeast and grid-northwest. */
const directions = /north|east|south|west/g;

type Named = (typeof spelledMeanings)[Spelled]["names"];

/**
 * How one of two names differs from the other, if it may be the other with a slip in it: a letter that is missing, too many or another,
 * or two swapped neighbours, in a word of at least four letters; in a long word, not of places, two such slips. Never digits: they count things.
 * Nor do letters that count them, `racka` and `rackb`; and of models only a word counts that is not a code in capitals, since makers have PM9A3
 * and PM9A1, WTNR and WTNRT.
 */
export function slipBetween(
  of: Named,
  one: string,
  other: string,
): "one letter" | "two swapped letters" | "two letters" | undefined {
  if (Math.abs(one.length - other.length) > 3) return undefined;
  const [words, others] = [wordsOf(one), wordsOf(other)];
  const [left, right] = [rest(words, others), rest(others, words)];
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  if (long.length < 4 || long.length - short.length > 2) return undefined;
  if (!/^\p{L}+$/u.test(short + long)) return undefined;
  if (of === "model" && ![short, long].every((word) => /\p{Ll}/u.test(word))) return undefined;
  const [a, b] = [short.toLowerCase(), long.toLowerCase()];
  const at = [...b].findIndex((letter, index) => letter !== a[index]);
  if (at < 0) return undefined;
  const isLong = of !== "place" && b.length >= longWord;
  const isTwo = isLong && !differInDirection(a, b) && slipsBetween(a, b) === 2 ? "two letters" : undefined;
  if (b.length - a.length > 1) return isTwo;
  // Places have codes of a few letters (DEBER and DEBRE, LFPG and LFBG), and grids have two that count: `rackab`.
  const isWord = words.length + others.length === 2 && a.length === b.length;
  const isCode = isWord && (b.length < 6 || at >= b.length - 2);
  if (of === "place" && isCode) return undefined;
  const after = b.length === a.length ? a.slice(at + 1) : a.slice(at);
  const isOne = after === b.slice(at + 1);
  if (!isOne) return isSwapped(a, b, at) ? "two swapped letters" : isTwo;
  const isAtEnd = at === 0 || at === b.length - 1;
  const isDoubled = b.length > a.length && (b[at] === b[at - 1] || b[at] === b[at + 1]);
  const counts = of !== "company" && isAtEnd && !isDoubled && (b.length === a.length || b.length < 5);
  return counts ? undefined : "one letter";
}

/** The words that another name lacks, without what people write between them. */
function rest(words: readonly string[], others: readonly string[]): string {
  const known = new Set(others.map((word) => word.toLowerCase()));
  return words.filter((word) => !known.has(word.toLowerCase())).join("");
}

function differInDirection(one: string, other: string): boolean {
  const [left, right] = [one, other].map((word) => word.replaceAll(directions, "-"));
  return left === right;
}

/**
 * Letters that are missing, too many or another in one of two words, and swapped neighbours (optimal string alignment: the least number of
 * such slips, none of which touches another). In a word that is not {@link longerWord}, another letter is two.
 */
function slipsBetween(one: string, other: string): number {
  const another = Math.max(one.length, other.length) < longerWord ? 2 : 1;
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      const isTurned = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        row[j - 1]! + 1,
        rows[i - 1]![j]! + 1,
        rows[i - 1]![j - 1]! + (isSame ? 0 : another),
        ...(isTurned ? [rows[i - 2]![j - 2]! + 1] : []),
      );
    }
    rows.push(row);
  }
  return rows[one.length]![other.length]!;
}

/** Whether the letters at a position and after it are all in which two words differ, each in place of the other. */
function isSwapped(one: string, other: string, at: number): boolean {
  const swapped = one.slice(0, at) + one[at + 1] + one[at] + one.slice(at + 2);
  return one.length === other.length && at + 1 < one.length && swapped === other;
}

/** Reports each model of a host or device that another manufacturer has elsewhere. */
function oneMaker({ network, hosts }: Entries): Problem[] {
  const devices = network.flatMap(({ source, loose }) =>
    (["routers", "switches"] as const).flatMap((list) =>
      items(loose[list]).map(([index, device]) => ({ source, path: [list, index], device })),
    ),
  );
  const all = [...devices, ...hosts.map(({ source, loose }) => ({ source, path: [], device: loose }))];
  const makers = new Map<string, Placed<string>>();
  return all.flatMap(({ source, path, device: { manufacturer, model } }) => {
    if (manufacturer === undefined || model === undefined) return [];
    const here = { value: manufacturer, source, path: [...path, "manufacturer"] };
    const other = makers.get(folded(model)) ?? here;
    makers.set(folded(model), other);
    if (folded(other.value) === folded(manufacturer)) return [];
    const message = `the model ${shown(model)} is made by ${shown(manufacturer)} here and by ${shown(other.value)} at ${place(other)}`;
    return [source.problem(here.path, message, "correct the manufacturer or the model of one of them")];
  });
}
