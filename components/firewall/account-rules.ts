import { chainRules } from "./render-rules.ts";

/** Rules of an account's own chains, each after the direction that is the end of its chain's name: `in tcp dport { 8300 } counter drop`. */
export function filterLines(
  declared: readonly string[] | undefined,
  ...directions: readonly ("in" | "out")[]
): string[] {
  return directions.flatMap((direction) => chainRules(declared ?? [], direction).map((line) => `${direction} ${line}`));
}
