import { isBoundary } from "../../components/bundle-folder.ts";
import { bundleFolders } from "../../components/bundle-folders.generated.ts";
import { subject } from "../../components/subject.ts";
import type { FileChange } from "../change/host-change.ts";
import type { Finding, GuardRule } from "./guard-rule.ts";

/** Doors to the outside. */
export const nothingOpened: GuardRule = {
  name: "nothing-opened",
  description:
    "The firewall, the ports open to the outside and the kernel's and the sandbox's protection change only with approval.",
  reason: "One line too many in them opens every account of a host, and nothing stops working, so nobody notices.",
  remediation: "Have the change of the rendered file read line by line, then write an approval into approvals.yaml.",
  *find({ changes, hosts }) {
    for (const { op, before, after } of changes.frontEnds) {
      if (op !== "update" || !before || !after) continue;
      const opened = after.ports.filter((port) => !before.ports.includes(port));
      if (opened.length > 0) yield open(after.host, `Opens port ${opened.join(", ")} of ${after.host} to the outside.`);
    }
    const whole = new Set(changes.hosts.flatMap(({ op, subject }) => (op === "update" ? [] : [subject.name])));
    for (const { host, groups } of hosts) {
      // The boundaries of a host that comes or goes come and go with it.
      if (whole.has(host)) continue;
      const files = groups.flatMap((group) => group.files).filter(({ path }) => isBoundary(path, bundleFolders));
      for (const [verb, ofKind] of Map.groupBy(files, verbFor)) {
        yield open(host, `${verb} what protects ${host}: ${ofKind.map(({ path }) => path).join(", ")}.`);
      }
    }
  },
};

function verbFor({ before, after }: FileChange): string {
  return before === undefined ? "Adds to" : after === undefined ? "Removes" : "Rewrites";
}

function open(host: string, message: string): Finding {
  return { subject: subject.host({ name: host }), message, approval: { action: "open", resource: `host ${host}` } };
}
