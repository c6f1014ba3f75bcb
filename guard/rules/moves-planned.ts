import { namesOf, wildcardOf } from "../../components/http/web-address.ts";
import { type Change, touches } from "../../components/registry/change.ts";
import { standsInRack } from "../../components/registry/schema-walk.ts";
import { allKinds, nameOf, subject } from "../../components/registry/subject.ts";
import type { GuardRule } from "../rule.ts";

const inRacks = allKinds.filter(standsInRack).map(({ key }) => key);

/** Moves to another host, rack or account. */
export const movesPlanned: GuardRule = {
  name: "moves-planned",
  theme: "data",
  description: "An account, a host or a device moves, and a host name goes to another account, only with approval.",
  reason:
    "Data is not copied automatically, a device is offline while it is moved, and a host name given to the wrong account shows visitors the wrong web site.",
  fix: "Copy or restore the data first, tell the people affected, and add an approval to approvals.yaml.",
  *find({ changes, before, after }) {
    for (const change of changes.accounts) {
      if (change.op !== "update" || change.before.host === change.after.host) continue;
      const { number, name, host } = change.after;
      yield {
        subject: subject.account(change.after, "host"),
        message: `Moves account ${number} (${name}) from ${change.before.host} to ${host}; its data is not copied.`,
        approval: { action: "move", resource: `account ${number}` },
      };
    }
    for (const kind of inRacks) {
      for (const change of changes[kind] as readonly Change[]) {
        if (change.op !== "update" || !touches(change, "site", "hall", "rack")) continue;
        const { subject: about, before: was, after: is } = change;
        yield {
          subject: about,
          message: `Moves ${nameOf(about)} from ${rackOf(was)} to ${rackOf(is)}.`,
          approval: { action: "move", resource: `${about.kind} ${about.name}` },
        };
      }
    }
    const owners = new Map(
      before.declaration.httpServers.flatMap((server) => namesOf(server).map((name) => [name, server.account])),
    );
    for (const server of after.declaration.httpServers) {
      for (const hostname of namesOf(server)) {
        const taken = [hostname, wildcardOf(hostname)].find((name) => name !== undefined && owners.has(name));
        const owner = taken === undefined ? server.account : owners.get(taken);
        if (owner === server.account) continue;
        const of = taken === hostname ? "" : ` (of ${taken})`;
        yield {
          subject: subject.httpServer(server, server.hostnames.includes(hostname) ? "hostnames" : "addresses"),
          message: `Moves host name ${hostname}${of} from account ${owner} to account ${server.account}.`,
          approval: { action: "hand-over", resource: `hostname ${hostname}` },
        };
      }
    }
  },
};

function rackOf(element: object): string {
  const { site, hall, rack } = element as { readonly site: string; readonly hall: string; readonly rack: string };
  return `${rack} of ${hall} at ${site}`;
}
