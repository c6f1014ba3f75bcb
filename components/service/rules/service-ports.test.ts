import { changed, testRule } from "../../../testing/test-rule.ts";
import { servicePorts } from "./service-ports.ts";

testRule(servicePorts, {
  "a port that the host may offer": {
    break: (valid) => changed(valid, "services", "1/worker", (service) => ({ ...service, port: 22 })),
    expect: ["service 1/worker port: Service 1/worker has port 22, which is not from 8300 to 8499."],
  },
  "the port of an HTTP server's program": {
    break: (valid) =>
      changed(
        changed(valid, "services", "1/worker", (service) => ({ ...service, port: 8301 })),
        "httpServers",
        "1/www",
        (server) => ({ ...server, number: 301 }),
      ),
    expect: ["service 1/worker port: Service 1/worker has port 8301, which is $PORT of HTTP server 1/www."],
  },
  "one port for two": {
    break: (valid) => changed(valid, "services", "1/worker", (service) => ({ ...service, port: 8300 })),
    expect: ["service 1/worker port: Service 1/worker has port 8300, as 1/queue does."],
  },
});
