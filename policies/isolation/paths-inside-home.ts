import { valuesThatMean } from "../../components/registry/fields/meanings.ts";
import { defineRule } from "../../components/rule.ts";

const homePaths = valuesThatMean("home path");

export const pathsInsideHome = defineRule({
  name: "paths-inside-home",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the loader refuses it",
  description: "Every path into an account's home is relative to it, without `..` or special characters.",
  reason: "A path outside the home would publish files of another account or of the host.",
  fix: "Write a path such as `www` or `apps/blog`: letters, digits, `.`, `_` and `-` between slashes.",
  *find(declaration) {
    for (const { subject, owner, value } of homePaths(declaration)) {
      if (typeof value === "string" && isInside(value)) continue;
      yield {
        subject,
        message: `${owner} has ${subject.path} ${JSON.stringify(value)}, which is not a plain path inside the account's home.`,
      };
    }
  },
});

/** `.` is the home itself. */
function isInside(path: string): boolean {
  return (
    path === "." || path.split("/").every((part) => /^[A-Za-z0-9._-]+$/.test(part) && part !== "." && part !== "..")
  );
}
