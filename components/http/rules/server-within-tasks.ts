import { onceByName } from "../../../lib/once.ts";
import { limits } from "../../plan/limits.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import type { ServerKind } from "../kinds/server.ts";
import { servers } from "../kinds/servers.generated.ts";

export const serverWithinTasks = defineRule({
  name: "server-within-tasks",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  waivable: true,
  description: "An account may have as many tasks as each of its HTTP servers takes when it is busy.",
  reason:
    "Processes and threads beyond `tasksMax` cannot be made: the front end lets as many requests through as are declared, and those for which there is no thread wait unseen, or the server ends.",
  fix: "Declare fewer `workers` or `threads`, or raise `tasksMax` in the plan or in the account's `limits`.",
  *find({ accounts, httpServers }) {
    const { schema } = limits.tasksMax;
    const most = new Map(accounts.map(({ number, limits: { tasksMax } }) => [number, tasksMax]));
    const isSound = onceByName((tasksMax: number) => schema.safeParse(tasksMax).success);
    for (const server of httpServers) {
      const kind = servers[server.kind] as ServerKind | undefined;
      if (kind?.tasks === undefined) continue;
      const tasksMax = most.get(server.account);
      // Of an account or a limit that is not there, and of a kind that is not one, others speak.
      if (tasksMax === undefined || !isSound(tasksMax)) continue;
      const tasks = kind.tasks(server, tasksMax);
      if (tasks <= tasksMax) continue;
      yield {
        subject: subject.httpServer(server, "workers" in server ? "workers" : "kind"),
        message: `HTTP server ${server.account}/${server.name} takes up to ${tasks} tasks (processes and threads) when it is busy; its account may have ${tasksMax}.`,
      };
    }
  },
});
