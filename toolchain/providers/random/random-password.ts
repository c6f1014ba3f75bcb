import { randomInt } from "node:crypto";
import { isUnknown, type Properties, reveal, revealAll } from "../properties.ts";
import type { Resource } from "../resource.ts";
import type { Failure, Shape } from "../shape.ts";
import { keepersShape, madeByInputs } from "./random-resource.ts";

const lowerCase = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const defaultSpecial = "!@#$%&*()-_=+[]{}<>:?";

/** Upstream's cost: 2^10 rounds. */
const bcryptCost = 10;

/** Inputs of `random:index/randomPassword:RandomPassword`. */
const randomPasswordShape = {
  keepers: keepersShape,
  length: { type: "integer", required: true, replaces: true, least: 1 },
  lower: { type: "boolean", replaces: true },
  minLower: { type: "integer", replaces: true, least: 0 },
  minNumeric: { type: "integer", replaces: true, least: 0 },
  minSpecial: { type: "integer", replaces: true, least: 0 },
  minUpper: { type: "integer", replaces: true, least: 0 },
  number: { type: "boolean", replaces: true },
  numeric: { type: "boolean", replaces: true },
  overrideSpecial: { type: "string", replaces: true },
  special: { type: "boolean", replaces: true },
  upper: { type: "boolean", replaces: true },
} as const satisfies Shape;

/** Inputs with the defaults that upstream shows in its outputs; `number` is the old name of `numeric`. */
function withDefaults(inputs: Properties): Properties {
  const numeric = inputs.numeric ?? inputs.number ?? true;
  const counts = { minLower: 0, minNumeric: 0, minSpecial: 0, minUpper: 0 };
  return { lower: true, special: true, upper: true, ...counts, ...inputs, numeric, number: numeric };
}

interface CharacterClass {
  readonly from: string;
  readonly used: boolean;
  readonly least: number;
}

function characterClasses(inputs: Properties): CharacterClass[] {
  const plain = revealAll(withDefaults(inputs));
  const special = (plain.overrideSpecial as string | undefined) || defaultSpecial;
  return [
    { from: lowerCase, used: plain.lower as boolean, least: plain.minLower as number },
    { from: digits, used: plain.numeric as boolean, least: plain.minNumeric as number },
    { from: special, used: plain.special as boolean, least: plain.minSpecial as number },
    { from: lowerCase.toUpperCase(), used: plain.upper as boolean, least: plain.minUpper as number },
  ];
}

/** A password of the given length: first what each class must have, then any of the classes in use, then shuffled. */
export function makePassword(inputs: Properties): string {
  const classes = characterClasses(inputs);
  const pick = (from: readonly string[]) => from[randomInt(from.length)]!;
  const letters = classes.flatMap(({ from, least }) => Array.from({ length: least }, () => pick([...from])));
  const any = [...classes.map(({ from, used }) => (used ? from : "")).join("")];
  while (letters.length < (reveal(inputs.length ?? 0) as number)) letters.push(pick(any));
  for (let last = letters.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [letters[last], letters[other]] = [letters[other]!, letters[last]!];
  }
  return letters.join("");
}

async function outputsFor(result: string): Promise<Properties> {
  const { default: bcrypt } = await import("bcryptjs");
  const bcryptHash = await bcrypt.hash(result, bcryptCost);
  // Upstream's bridge looks here for the form of the state; without, it would run its conversions from older forms.
  return { result, bcryptHash, id: "none", __meta: '{"schema_version":"3"}' };
}

function check(inputs: Properties): Failure[] {
  const plain = revealAll(inputs);
  if (Object.values(plain).some(isUnknown)) return [];
  const failures: Failure[] = [];
  const classes = characterClasses(inputs);
  const least = classes.reduce((sum, one) => sum + one.least, 0);
  if ((plain.length as number) < least) {
    failures.push({
      property: "length",
      reason: `must be at least minLower + minNumeric + minSpecial + minUpper = ${least}`,
    });
  }
  if (!classes.some(({ used }) => used)) {
    failures.push({
      property: "lower",
      reason: "lower, upper, numeric or special must be true: no characters are left",
    });
  }
  if (plain.number !== undefined && plain.numeric !== undefined && plain.number !== plain.numeric) {
    failures.push({
      property: "number",
      reason: "differs from numeric, which it is the old name of: leave number out",
    });
  }
  return failures;
}

/** `random:index/randomPassword:RandomPassword`. */
export const randomPassword: Resource = madeByInputs({
  inputs: randomPasswordShape,
  outputs: { bcryptHash: { secret: true }, result: { secret: true } },
  withDefaults,
  check,
  async make(inputs) {
    return { id: "none", outputs: await outputsFor(makePassword(inputs)) };
  },
  async import(id) {
    return { id: "none", inputs: { length: id.length }, outputs: await outputsFor(id) };
  },
});
