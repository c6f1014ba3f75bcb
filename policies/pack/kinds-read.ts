import type { Declaration } from "../../components/kinds.generated.ts";
import type { Rule } from "../../components/rule.ts";
import { nothingDeclared } from "../../components/subject.ts";

/**
 * The kinds of elements that a rule about single resources looks at. Runs the rule on an empty declaration and records the kinds
 * that it reads: a rule that does not read a kind there cannot find anything in it.
 */
export function kindsRead(rule: Rule): ReadonlySet<keyof Declaration> {
  const read = new Set<keyof Declaration>();
  const recording = new Proxy(nothingDeclared, {
    get(nothing, kind: keyof Declaration) {
      read.add(kind);
      return nothing[kind];
    },
  });
  rule.check(recording, "2000-01-01");
  return read;
}
