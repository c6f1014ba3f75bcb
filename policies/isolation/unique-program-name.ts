import { nameOf, ownerOf, subject } from "../../components/registry/subject.ts";
import { defineRule, repeats } from "../../components/rule.ts";

export const uniqueProgramName = defineRule({
  name: "unique-program-name",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: "No two of an account's HTTP servers, services and scheduled tasks have the same name.",
  reason:
    "An account restarts a program by its name (`restart-<name>` in its home): of two with one name, both would be restarted.",
  fix: "Give each HTTP server, service and scheduled task of an account its own `name`.",
  *find({ httpServers, services, tasks }) {
    const programs = [
      ...httpServers.map((program) => ({ program, of: subject.httpServer })),
      ...services.map((program) => ({ program, of: subject.service })),
      ...tasks.map((program) => ({ program, of: subject.scheduledTask })),
    ];
    for (const { element, first } of repeats(programs, ({ program }) => `${program.account}/${program.name}`)) {
      const message = `${ownerOf(element.of(element.program))} has the name of ${nameOf(first.of(first.program))}.`;
      yield { subject: element.of(element.program, "name"), message };
    }
  },
});
