import { isBoundary } from "../../components/registry/bundle-folder.ts";
import { bundleFolders } from "../../components/registry/bundle-folders.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import type { FileChange } from "../change/host-change.ts";
import type { Finding, GuardRule } from "../rule.ts";

/** Protection against the outside. */
export const nothingOpened: GuardRule = {
  name: "nothing-opened",
  theme: "isolation",
  description:
    "The firewall, the open ports, the kernel settings and the sandbox of accounts change only with approval.",
  reason: "One wrong line there can expose every account of a host, and nobody notices because everything still works.",
  fix: "Have somebody review the changed file line by line, then add an approval to approvals.yaml.",
  *find({ changes, hosts }) {
    for (const { op, before, after } of changes.frontEnds) {
      if (op !== "update" || !before || !after) continue;
      const opened = after.ports.filter((port) => !before.ports.includes(port));
      if (opened.length > 0) yield open(after.host, `Opens port ${opened.join(", ")} of ${after.host} to the outside.`);
    }
    const whole = new Set(changes.hosts.flatMap(({ op, subject }) => (op === "update" ? [] : [subject.name])));
    for (const { host, groups } of hosts) {
      // A new or removed host brings or takes its own boundaries.
      if (whole.has(host)) continue;
      const files = groups.flatMap((group) => group.files).filter(({ path }) => isBoundary(path, bundleFolders));
      for (const [verb, ofKind] of Map.groupBy(files, verbFor)) {
        yield open(host, `${verb} security files of ${host}: ${ofKind.map(({ path }) => path).join(", ")}.`);
      }
    }
  },
};

function verbFor({ before, after }: FileChange): string {
  return before === undefined ? "Adds" : after === undefined ? "Removes" : "Changes";
}

function open(host: string, message: string): Finding {
  return { subject: subject.host({ name: host }), message, approval: { action: "open", resource: `host ${host}` } };
}
