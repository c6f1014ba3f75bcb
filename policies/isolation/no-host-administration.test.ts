import { expect, test } from "vitest";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../testing/test-rule.ts";
import { noHostAdministration } from "./no-host-administration.ts";

testRule(noHostAdministration, {
  "a program of the host": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: ["/sbin/shutdown"] } : server,
      ),
    expect: ['httpServer 1/api command.0: HTTP server 1/api starts "/sbin/shutdown", which administers the host.'],
  },
  "a program that only root needs": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, command: ["/usr/sbin/nft", "-f", "x"] } : server,
      ),
    expect: ['httpServer 1/api command.0: HTTP server 1/api starts "/usr/sbin/nft", which administers the host.'],
  },
  "a program of nobody": {
    break: (valid) =>
      changed(valid, "httpServers", 1, (server) =>
        server.kind === "program" ? { ...server, command: ["/srv/tool"] } : server,
      ),
    expect: [
      'httpServer 1/api command.0: HTTP server 1/api starts "/srv/tool", which is neither in the account\'s home nor in /usr.',
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

test("an empty argument, and variables in lower-case letters, as curl and wget read them", () => {
  const declaration = changed(declarationFixture(), "httpServers", "1/api", (server) =>
    server.kind === "program"
      ? { ...server, command: ["/bin/bash", "-c", ""], environment: { http_proxy: "", _own: "1" } }
      : server,
  );
  expect(noHostAdministration.check(declaration, today)).toEqual([]);
});

const api = (command: readonly string[]) =>
  changed(declarationFixture(), "httpServers", "1/api", (server) =>
    server.kind === "program" ? { ...server, command } : server,
  );

test.each([
  [["/usr/bin/env", "nsenter", "-t", "1"], "nsenter", 1],
  [["/usr/bin/env", "-i", "A=b", "nsenter"], "nsenter", 3],
  [["/usr/bin/nice", "-n", "10", "/usr/bin/nsenter"], "/usr/bin/nsenter", 3],
  [["/usr/bin/timeout", "5s", "su"], "su", 2],
  [["/usr/bin/busybox", "mount", "/dev/sda"], "mount", 1],
  [["/usr/bin/tini", "--", "/sbin/nft"], "/sbin/nft", 2],
  [["/bin/sh", "-c", "exec nsenter -t 1"], "nsenter", 2],
  [["/bin/sh", "-c", "A=1 nsenter -t 1"], "nsenter", 2],
  [["/bin/sh", "-c", "cd www; /usr/bin/nsenter"], "/usr/bin/nsenter", 2],
  [["bin/wrapper", "/usr/bin/systemctl"], "/usr/bin/systemctl", 1],
] as const)("a program of the host behind another one is found: %j", (command, program, index) => {
  expect(noHostAdministration.check(api(command), today).map(({ message }) => message)).toEqual([
    `HTTP server 1/api has "${program}" in word ${index} of its command, which administers the host.`,
  ]);
});

test.each([
  [["/usr/bin/python3", "manage.py", "init"]],
  [["bin/tool", "mount"]],
  [["/usr/bin/node", "server.js", "--user", "su", "/srv/ip"]],
  [["/usr/bin/hugo", "server", "--source", "/home/acme-1/mount"]],
  [["/bin/sh", "-c", "echo mount; exec bin/serve --on ip"]],
  [["/usr/bin/env", "-i", "/usr/bin/python3", "-m", "http.server"]],
] as const)("an argument that only has such a name is none: %j", (command) => {
  expect(noHostAdministration.check(api(command), today)).toEqual([]);
});

test.each([
  "/bin/sh",
  "/bin/bash",
  "/usr/bin/sh",
  "/usr/sbin/php-fpm8.4",
  "/lib/jvm/bin/java",
  "/usr/games/fortune",
  "/usr/local/bin/serve",
])("%s may run, by whatever name Debian has for its directory", (program) => {
  const declaration = changed(declarationFixture(), "httpServers", 1, (server) =>
    server.kind === "program" ? { ...server, command: [program] } : server,
  );
  expect(noHostAdministration.check(declaration, today)).toEqual([]);
});
