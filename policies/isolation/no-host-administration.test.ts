import { changed, testRule } from "../../testing/test-rule.ts";
import { noHostAdministration } from "./no-host-administration.ts";

testRule(noHostAdministration, {
  "a program of the host": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: ["/sbin/shutdown"] } : server,
      ),
    expect: [
      'httpServer 1/api command.0: HTTP server 1/api starts "/sbin/shutdown", which is neither in the account\'s home nor an ordinary program.',
    ],
  },
  "a program that only root needs": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: ["/usr/sbin/nft", "-f", "x"] } : server,
      ),
    expect: [
      'httpServer 1/api command.0: HTTP server 1/api starts "/usr/sbin/nft", which is neither in the account\'s home nor an ordinary program.',
    ],
  },
  "a program that administers": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: ["/usr/bin/systemctl", "stop", "nginx"] } : server,
      ),
    expect: ['httpServer 1/api command.0: HTTP server 1/api starts "/usr/bin/systemctl", which administers the host.'],
  },
  "a way out": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: ["/usr/bin/../sbin/nft"] } : server,
      ),
    expect: ['httpServer 1/api command.0: HTTP server 1/api starts "/usr/bin/../sbin/nft", which has .. in its path.'],
  },
  "no program": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: [] } : server,
      ),
    expect: ["httpServer 1/api command.0: HTTP server 1/api has no program to start."],
  },
  "a line break in an argument": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: ["bin/serve", "x\nUser=root"] } : server,
      ),
    expect: ["httpServer 1/api command.1: HTTP server 1/api has a control character in word 1 of its command."],
  },
  "a line break in the environment": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, environment: { TOKEN: "x\nUser=root" } } : server,
      ),
    expect: [
      'httpServer 1/api environment.TOKEN: HTTP server 1/api has an environment variable "TOKEN" whose name or value is not allowed in a unit file.',
    ],
  },
  "a directive as a variable": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, environment: { "A\nUser": "root" } } : server,
      ),
    expect: [
      'httpServer 1/api environment.A\nUser: HTTP server 1/api has an environment variable "A\\nUser" whose name or value is not allowed in a unit file.',
    ],
  },
});
