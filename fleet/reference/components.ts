import { z } from "zod";
import { isWaivable } from "../../components/registry/fields/schema-walk.ts";
import type { Kind } from "../../components/registry/kind.ts";
import { allKinds } from "../../components/registry/subject.ts";
import { rowsOf, table } from "./reference.ts";

const concerns: Readonly<Record<Kind["concerns"], string>> = {
  fleet: "the whole fleet: every stack holds it, and a change touches every cell",
  nobody: "no host: every stack holds it, and a change touches no cell",
  host: "one host: the stack of that host's cell alone holds it",
};

const deletions: Readonly<Record<Kind["deletion"], string>> = {
  approval: "its deletion needs an approval",
  free: "its deletion needs none",
  follows: "it goes with what it belongs to",
};

/** The reference of what a stack is made of as Markdown: text of `docs/reference/components.md`. */
export function componentsReference(kinds: readonly Kind[] = allKinds as readonly Kind[]): string {
  return `<!-- Written by \`npm run generate\` from the kinds in components/. Do not edit. -->

# Components

What a stack declares: each kind is one component, its inputs are all that rules, previews and the guard read of it. \`a[].b\` is input
\`b\` of every item of list \`a\`. Where inputs come from is in [the reference of the inventory](inventory.md). An input that is *always* set has
a value in every stack: if the inventory's key has a default and is not written, the program has filled it in.

${kinds.map(sectionOf).join("\n\n")}
`;
}

function sectionOf(kind: Kind): string {
  const { words, description, type, name, identity, retired, deletion } = kind;
  const named = identity.length === 0 ? "nothing: there is one" : identity.map((input) => `\`${input}\``).join(" and ");
  const gone = retired === "freely" ? "nothing has to be said" : `\`${retired}\` says so`;
  const facts = [
    `Type: \`${type}\``,
    `Called in waivers and approvals: \`${name}\`${isWaivable(kind) ? "" : "; it carries no waiver"}`,
    `Told apart by: ${named}`,
    `Concerns: ${concerns[kind.concerns]}`,
    `Given up: ${gone}; ${deletions[deletion]}`,
  ];
  const rows = rowsOf(z.toJSONSchema(kind.inputs)).map((row) => {
    return { ...row, fallback: row.fallback === "required" ? "always" : "optional" };
  });
  const inputs = table(rows, ["input", "type", "set", "limits", "what it is"]);
  return `## ${words[0]}\n\n${description}\n\n${facts.map((fact) => `- ${fact}.`).join("\n")}\n\n${inputs}`;
}
