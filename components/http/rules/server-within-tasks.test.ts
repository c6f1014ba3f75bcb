import { expect, test } from "vitest";
import { changed, testRule } from "../../../testing/test-rule.ts";
import type { ServerKind } from "../kinds/server.ts";
import { servers } from "../kinds/servers.generated.ts";
import { serverWithinTasks } from "./server-within-tasks.ts";

testRule(serverWithinTasks, {
  "more threads than the account may have tasks": {
    break: (valid) =>
      changed(valid, "httpServers", "1/shop", (server) =>
        server.kind === "python" ? { ...server, workers: 8, threads: 16 } : server,
      ),
    expect: [
      "httpServer 1/shop workers: HTTP server 1/shop takes up to 146 tasks (processes and threads) when it is busy; its account may have 128.",
    ],
  },
  "more scripts than the account may have tasks": {
    break: (valid) =>
      changed(valid, "httpServers", "1/wiki", (server) =>
        server.kind === "php" ? { ...server, workers: 64 } : server,
      ),
    expect: [
      "httpServer 1/wiki workers: HTTP server 1/wiki takes up to 145 tasks (processes and threads) when it is busy; its account may have 128.",
    ],
  },
});

test("every kind with a service says how many tasks its server takes, and others have none", () => {
  for (const kind of Object.values(servers) as ServerKind[])
    expect(kind.tasks !== undefined, kind.kind).toBe(kind.service !== undefined);
});
