import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { nothingDeclared } from "../../components/registry/subject.ts";
import type { Rule } from "../../components/rule.ts";

/**
 * The kinds of element a rule about single resources can say something of. Given nothing, a rule that never looks at a kind of
 * element finds nothing in one of that kind either: up to the first look both run alike.
 * @param given of a rule about the stack, which may look at one kind for what it found in another: a valid declaration
 */
export function kindsRead(rule: Rule, given: Declaration = nothingDeclared): ReadonlySet<keyof Declaration> {
  const read = new Set<keyof Declaration>();
  const recording = new Proxy(given, {
    get(declaration, kind: keyof Declaration) {
      read.add(kind);
      return declaration[kind];
    },
  });
  rule.check(recording, "2000-01-01");
  return read;
}
