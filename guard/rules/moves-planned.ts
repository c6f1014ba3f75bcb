import { touches } from "../../components/change.ts";
import { subject } from "../../components/subject.ts";
import type { GuardRule } from "./guard-rule.ts";

/** What goes to another host, rack or account. */
export const movesPlanned: GuardRule = {
  name: "moves-planned",
  description: "An account, a host, a device or a host name goes to another place only with approval.",
  reason:
    "Data do not travel by themselves, a device is dark while it is carried, and a host name in a wrong account serves somebody else's pages.",
  remediation: "Copy or restore the data first, tell whom it concerns, and write an approval into approvals.yaml.",
  *find({ changes, before, after }) {
    for (const change of changes.accounts) {
      if (change.op !== "update" || change.before.host === change.after.host) continue;
      const { number, name, host } = change.after;
      yield {
        subject: subject.account(change.after, "host"),
        message: `Moves account ${number} (${name}) from ${change.before.host} to ${host} without its data.`,
        approval: { action: "move", resource: `account ${number}` },
      };
    }
    for (const kind of ["hosts", "routers", "switches"] as const) {
      for (const change of changes[kind]) {
        if (change.op !== "update" || !touches(change, "site", "hall", "rack")) continue;
        const place = ({ site, hall, rack }: { site: string; hall: string; rack: string }) =>
          `${rack} of ${hall} at ${site}`;
        yield {
          subject: change.subject,
          message: `Moves ${change.subject.kind} ${change.after.name} from ${place(change.before)} to ${place(change.after)}.`,
          approval: { action: "move", resource: `${change.subject.kind} ${change.after.name}` },
        };
      }
    }
    const owners = new Map(
      before.declaration.httpServers.flatMap(({ account, hostnames }) => hostnames.map((name) => [name, account])),
    );
    for (const server of after.declaration.httpServers) {
      for (const hostname of server.hostnames) {
        const owner = owners.get(hostname);
        if (owner === undefined || owner === server.account) continue;
        yield {
          subject: subject.httpServer(server, "hostnames"),
          message: `Host name ${hostname} goes from account ${owner} to account ${server.account}.`,
          approval: { action: "hand-over", resource: `hostname ${hostname}` },
        };
      }
    }
  },
};
