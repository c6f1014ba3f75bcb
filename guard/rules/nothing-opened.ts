import { subject } from "../../components/subject.ts";
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
    for (const { host, groups } of hosts) {
      const guarding = groups
        .filter(({ group }) => group === "host")
        .flatMap(({ files }) => files)
        .filter(({ path, before, after }) => before !== undefined && after !== undefined && protects(path))
        .map(({ path }) => path);
      if (guarding.length > 0) yield open(host, `Rewrites what protects ${host}: ${guarding.join(", ")}.`);
    }
  },
};

/** Files of a host whose text is a boundary: packet filter, kernel parameters, accounts' sandbox and slice. */
function protects(path: string): boolean {
  return /^(nftables|sysctl)\//.test(path) || /^systemd\/account-.*\.d\//.test(path);
}

function open(host: string, message: string): Finding {
  return { subject: subject.host({ name: host }), message, approval: { action: "open", resource: `host ${host}` } };
}
