import { valuesThatMean } from "../../components/registry/fields/meanings.ts";
import { defineRule } from "../../components/rule.ts";

/** No part of it is `.` or `..`; but `.` alone is the home itself. */
const plainPath = /^(?!(?:.*\/)?\.\.?(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const isInside = (path: unknown) => typeof path === "string" && (path === "." || plainPath.test(path));

const homePaths = valuesThatMean("home path", isInside);

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
      if (isInside(value)) continue;
      const about = subject();
      yield {
        subject: about,
        message: `${owner()} has ${about.path} ${JSON.stringify(value)}, which is not a plain path inside the account's home.`,
      };
    }
  },
});
