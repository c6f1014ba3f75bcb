import { changed, testRule } from "../../testing/test-rule.ts";
import { uniqueProgramName } from "./unique-program-name.ts";

testRule(uniqueProgramName, {
  "a service with the name of an HTTP server": {
    break: (valid) => changed(valid, "services", "1/queue", (service) => ({ ...service, name: "www" })),
    expect: ["service 1/www name: Service 1/www has the name of HTTP server 1/www."],
  },
  "a scheduled task with the name of a service": {
    break: (valid) => changed(valid, "tasks", "2/tidy", (task) => ({ ...task, name: "queue" })),
    expect: ["scheduledTask 2/queue name: Scheduled task 2/queue has the name of service 2/queue."],
  },
});
