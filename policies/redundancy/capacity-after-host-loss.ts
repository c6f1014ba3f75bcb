import type { BareMetalHostInputs } from "../../components/registry/kinds.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import { defineRule, type Found } from "../../components/rule.ts";
import { count } from "../../lib/text/text.ts";
import {
  type Amount,
  exceeds,
  needsOf,
  type Piece,
  placeLargestFirst,
  roomOn,
  round,
  sum,
  units,
} from "../placement.ts";

export const capacityAfterHostLoss = defineRule({
  name: "capacity-after-host-loss",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "After the loss of any one host, the other hosts of its group (same site and cell) have room for what is guaranteed to each of its accounts without a standby; and each standby host has room for the accounts that come to it when a host or a whole site is lost.",
  reason:
    "Without free capacity on other hosts, the accounts of a lost host stay down until it is repaired, even if there are backups.",
  fix: "Add a host (`role: spare`) to the group or move accounts to another group; for plans without this promise, set `takeover: false`. If a standby host is too small, give some of the accounts another standby.",
  *find({ hosts, accounts, plans }) {
    const pieces = needsOf(accounts, plans);
    const onHost = Map.groupBy(pieces, ({ account }) => account.host);
    const copiesOn = Map.groupBy(pieces, ({ account }) => account.standby);
    const room = roomOn(hosts, pieces);
    for (const host of hosts) yield* standbyTooSmall(host, hosts, copiesOn.get(host.name) ?? [], room.get(host.name)!);
    const groups = Map.groupBy(
      hosts.filter(({ role }) => role === "accounts" || role === "spare"),
      ({ site, cell }) => `site ${site}, cell ${cell}`,
    );
    for (const [group, members] of groups) {
      for (const host of members) {
        const moving = (onHost.get(host.name) ?? []).filter(
          ({ account, takeover }) => takeover && account.standby === undefined,
        );
        if (moving.length === 0) continue;
        const others = members.filter((other) => other !== host).map(({ name }) => ({ name, ...room.get(name)! }));
        const without = `Without host ${host.name} its group (${group})`;
        const at = subject.host(host, "capacity");
        const [needed, left] = [sum(moving), sum(others)];
        const lacking = units.filter(({ key }) => exceeds(needed[key], left[key]));
        if (lacking.length > 0) {
          const what = lacking.map(
            ({ key, unit }) =>
              `${round(needed[key])} ${unit} are guaranteed to its accounts, ${round(Math.max(0, left[key]))} are free`,
          );
          yield { subject: at, message: `${without} is too small: ${what.join("; ")}.` };
          continue;
        }
        const [homeless] = placeLargestFirst(moving, others).homeless;
        if (homeless === undefined) continue;
        const message = `${without} has room in total, but none of its hosts has room for account ${homeless.account.number} after the larger ones: ${homeless.reason()}.`;
        yield { subject: at, message };
      }
    }
  },
});

/** A standby host that lacks cores or memory for the accounts that come when one other host, or all hosts of one other site, are lost. */
function* standbyTooSmall(
  host: BareMetalHostInputs,
  hosts: readonly BareMetalHostInputs[],
  copies: readonly Piece[],
  room: Amount,
): Generator<Found> {
  const siteOf = new Map(hosts.map(({ name, site }) => [name, site]));
  const lost = new Map([
    ...Map.groupBy(copies, ({ account }) => `host ${account.host}`),
    ...Map.groupBy(
      copies.filter(({ account }) => siteOf.get(account.host) !== host.site),
      ({ account }) => `site ${siteOf.get(account.host)}`,
    ),
  ]);
  for (const [what, arriving] of lost) {
    const needed = sum(arriving);
    const lacking = units.filter(({ key }) => key !== "diskGb" && exceeds(needed[key], room[key]));
    if (lacking.length === 0) continue;
    const words = lacking.map(
      ({ key, unit }) => `${round(needed[key])} ${unit}, but ${round(Math.max(0, room[key]))} are free`,
    );
    yield {
      subject: subject.host(host, "capacity"),
      message: `If ${what} is lost, ${count(arriving.length, "account")} ${arriving.length === 1 ? "comes" : "come"} to standby host ${host.name}, guaranteed ${words.join("; ")}.`,
    };
  }
}
