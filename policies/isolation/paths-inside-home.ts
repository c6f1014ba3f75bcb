import type { HttpServerInputs } from "../../components/declaration.ts";
import { defineRule, subject } from "../../components/rule.ts";

export const pathsInsideHome = defineRule({
  name: "paths-inside-home",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  description:
    "Directories an HTTP server serves or starts in are relative to its account's home, without `..` or special characters.",
  reason: "A path that leaves the home serves another account's files or the host's to the world.",
  remediation: "Write a path such as `www` or `apps/blog`: letters, digits, `.`, `_` and `-` between slashes.",
  *find({ httpServers }) {
    for (const server of httpServers) {
      const [path, value] = directoryOf(server);
      if (isInside(value)) continue;
      yield {
        subject: subject.httpServer(server, path),
        message: `HTTP server ${server.account}/${server.name} has ${path} ${JSON.stringify(value)}, which is not a plain path inside the account's home.`,
      };
    }
  },
});

function directoryOf(server: HttpServerInputs): ["root" | "directory", string] {
  return server.kind === "static" ? ["root", server.root] : ["directory", server.directory];
}

/** `.` is the home itself. */
function isInside(path: string): boolean {
  return (
    path === "." || path.split("/").every((part) => /^[A-Za-z0-9._-]+$/.test(part) && part !== "." && part !== "..")
  );
}
