import { type Spelled, spelledMeanings } from "../../components/inputs.ts";
import { valuesOf } from "../../components/registry/fields/schema-walk.ts";
import type { FileKind } from "../../components/registry/file.ts";
import { type FileKey, fileKinds } from "../../components/registry/files.generated.ts";
import { shown } from "../../lib/text/text.ts";
import { editDistance, type Problem } from "../load/problem.ts";
import { named } from "./halls.ts";
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
    ...spelledMeanings.flatMap((meaning) => oneSpelling(meaning, valuesIn(entries, meaning))),
    ...spelledMeanings.flatMap((meaning) => slips(meaning, valuesIn(entries, meaning))),
    ...entries.network.flatMap(({ source, loose }) => slips("operator", named(source, ["operators"], loose.operators))),
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

/** Reports each name that an earlier place spells in another way. Feeds are names inside a site. */
function oneSpelling(meaning: Spelled, values: readonly Placed<string>[]): Problem[] {
  const first = new Map<string, Placed<string>>();
  return values.flatMap((here) => {
    const key = meaning === "feed" ? `${here.source.file} ${folded(here.value)}` : folded(here.value);
    const other = first.get(key) ?? here;
    first.set(key, other);
    if (other.value === here.value) return [];
    const message = `the ${meaning} ${shown(here.value)} is spelled ${shown(other.value)} at ${place(other)}`;
    const fix = "write it in one way everywhere; two that really differ need names that differ in letters or digits";
    return [here.source.problem(here.path, message, fix)];
  });
}

/**
 * Reports each name that differs from an earlier one in one letter, or in two swapped ones: as two names, they would count as independent
 * of each other. Real models often differ in one letter, so of these only swapped ones are reported.
 */
function slips(what: Spelled | "operator", values: readonly Placed<string>[]): Problem[] {
  const seen: Placed<string>[] = [];
  return values.flatMap((here) => {
    const others = what === "feed" ? seen.filter(({ source }) => source === here.source) : seen;
    if (others.some(({ value }) => folded(value) === folded(here.value))) return [];
    seen.push(here);
    const other = others.find(
      ({ value }) => isSwap(value, here.value) || (what !== "model" && isSlip(value, here.value)),
    );
    if (other === undefined) return [];
    const how = isSwap(other.value, here.value) ? "two swapped letters" : "one letter";
    const message = `the ${what} ${shown(here.value)} differs in ${how} from ${shown(other.value)} at ${place(other)}`;
    const fix = `correct the one that is misspelled; two that really differ need names that differ in more than ${how}`;
    return [here.source.problem(here.path, message, fix)];
  });
}

/** The words of a name: `feedA1` has three. */
function wordsOf(name: string): string[] {
  return name
    .normalize("NFKC")
    .split(/[^\p{L}\p{N}]+|(?<=\p{N})(?=\p{L})|(?<=\p{L})(?=\p{N})|(?<=\p{Ll})(?=\p{Lu})/u)
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase());
}

/** Whether one of two names may be the other one with a slip in it. Digits, and words of a single letter, tell things apart that are counted. */
export function isSlip(one: string, other: string): boolean {
  const [first, second] = [folded(one), folded(other)];
  if (Math.min(first.length, second.length) < 4 || editDistance(first, second) !== 1) return false;
  const [left, right] = [wordsOf(one), wordsOf(other)];
  const differing = [...left.filter((word) => !right.includes(word)), ...right.filter((word) => !left.includes(word))];
  return differing.some((word) => word.length > 1 && !/\p{N}/u.test(word));
}

/** Whether two names differ in two swapped neighbours alone, both letters of a word of at least four. */
export function isSwap(one: string, other: string): boolean {
  const [left, right] = [wordsOf(one).join(" "), wordsOf(other).join(" ")];
  const at = [...left].findIndex((letter, index) => letter !== right[index]);
  if (at < 0 || left.length !== right.length) return false;
  const swapped =
    left.slice(0, at) +
    left
      .slice(at, at + 2)
      .split("")
      .reverse()
      .join("") +
    left.slice(at + 2);
  const word = /\S*$/.exec(left.slice(0, at))![0] + /^\S*/.exec(left.slice(at))![0];
  return swapped === right && /^\p{L}{4,}$/u.test(word);
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
