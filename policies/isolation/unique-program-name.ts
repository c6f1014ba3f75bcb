import { has } from "../../components/registry/fields/schema-walk.ts";
import { allKinds, elementName, nameOf, ownerOf } from "../../components/registry/subject.ts";
import { defineRule, repeats } from "../../components/rule.ts";

interface ProgramOfAccount {
  readonly account: number;
  readonly name: string;
}

/** Kinds of programs of accounts: what has a command. A kind that is new is one of them by that. */
const programKinds = allKinds.filter(({ inputs, accountOf }) => accountOf !== undefined && has(inputs, "command"));

export const uniqueProgramName = defineRule({
  name: "unique-program-name",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: "No two programs of an account, such as HTTP servers, services and scheduled tasks, have the same name.",
  reason:
    "An account restarts a program by its name (`restart-<name>` in its home): of two with one name, both would be restarted.",
  fix: "Give each program of an account its own `name`.",
  *find(declaration) {
    const programs = programKinds.flatMap(({ key, name: kind }) =>
      declaration[key].map((element) => {
        const { account, name } = element as ProgramOfAccount;
        return { owner: `${account}/${name}`, subject: () => ({ kind, name: elementName(key, element as never) }) };
      }),
    );
    for (const { element, first } of repeats(programs, ({ owner }) => owner)) {
      const message = `${ownerOf(element.subject())} has the name of ${nameOf(first.subject())}.`;
      yield { subject: { ...element.subject(), path: "name" }, message };
    }
  },
});
