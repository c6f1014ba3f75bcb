import { lostHosts } from "../../components/host/hardware/lost.ts";
import type { AccountContainerInputs, Declaration } from "../../components/registry/kinds.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import { byKey } from "../../lib/lists.ts";
import { listed } from "../../lib/text/text.ts";
import { standing } from "../../policies/graph/standing.ts";
import { capacityAfterHostLoss } from "../../policies/redundancy/capacity-after-host-loss.ts";
import type { Finding } from "../rule.ts";
import type { Side } from "./side.ts";

const places = ["host", "standby"] as const;
type Account = AccountContainerInputs;

/**
 * What a change leaves to hosts that are lost: accounts that have no host or no standby that stands, and room for the next loss that only
 * a lost host has. Rules do not say it, because a fleet that has lost a host must be deployable: its promises are used up until the host is back.
 * Of one cell under review, its accounts are said, and its hosts with the accounts of all cells; room is said in every cell.
 */
export function* leftToLostHosts(sideBefore: Side, sideAfter: Side): Generator<Finding> {
  const [before, after] = [sideBefore, sideAfter].map(({ declaration, whole }) => whole ?? declaration) as [
    Declaration,
    Declaration,
  ];
  const part = sideAfter.declaration;
  const [accountsHere, hostsHere] = [
    new Set(part.accounts.map(({ number }) => number)),
    new Set(part.hosts.map(({ name }) => name)),
  ];
  const isLost = lostHosts(after.hosts);
  if (isLost.size === 0) return;
  const wasLost = lostHosts(before.hosts);
  const old = byKey(before.accounts, ({ number }) => number);
  const [had, has] = [before, after].map(({ plans }) => byKey(plans, ({ name }) => name));
  const survives = (plans: typeof had, { plan }: Account) => plans!.get(plan)?.survives ?? [];
  const byHost = new Map<string, Account[]>();
  for (const account of after.accounts) {
    const gone = places.filter((place) => isLost.has(account[place] ?? ""));
    if (gone.length === 0) continue;
    const was = old.get(account.number);
    const fresh = gone.filter((place) => !was || was[place] !== account[place] || !wasLost.has(account[place]!));
    const promised =
      was === undefined
        ? []
        : survives(has, account).filter(
            (failure) => ["host", "site"].includes(failure) && !survives(had, was).includes(failure),
          );
    if (fresh.length + promised.length === 0) continue;
    // Who was there when the host was lost, or changes places with it in a takeover, is said with the host.
    const [host] = fresh.map((place) => account[place]!);
    if (was && host && !wasLost.has(host) && promised.length === 0 && places.some((place) => was[place] === host)) {
      if (hostsHere.has(host)) byHost.set(host, [...(byHost.get(host) ?? []), account]);
      continue;
    }
    if (!accountsHere.has(account.number)) continue;
    yield {
      subject: subject.account(account, fresh[0] ?? "standby"),
      message: `Account ${account.number} (${account.name}) is ${without(account, isLost)}${promised.length === 0 ? "" : `, though its plan ${account.plan} promises to survive the loss of a ${promised.join(" or ")}`}.`,
      approval: { action: "weaken", resource: `account ${account.number}` },
    };
  }
  for (const [name, accounts] of byHost) {
    const words = [...Map.groupBy(accounts, (account) => without(account, isLost))].map(
      ([what, some]) =>
        `${some.length === 1 ? "account" : "accounts"} ${listed(some.map(({ number }) => `${number}`))} ${some.length === 1 ? "is" : "are"} ${what}`,
    );
    yield {
      subject: subject.host({ name }, "lost"),
      message: `Host ${name} is declared lost: ${words.join("; ")}.`,
      approval: { action: "weaken", resource: `host ${name}` },
    };
  }
  yield* withoutRoom(before, after);
}

function without({ host, standby }: Account, isLost: ReadonlySet<string>): string {
  if (standby === undefined) return `without service while host ${host} is lost`;
  if (!isLost.has(host)) return `without standby while ${standby} is lost`;
  return isLost.has(standby)
    ? `without service while host ${host} and standby ${standby} are lost`
    : `without service while host ${host} is lost and standby ${standby} has not taken over`;
}

/** Room for the next loss that was there before, counting only hosts that stand. */
function* withoutRoom(before: Declaration, after: Declaration): Generator<Finding> {
  const [had, has] = [before, after].map((declaration) => capacityAfterHostLoss.check(standing(declaration), ""));
  // What the rule says of the whole fleet is a violation.
  const told = new Set([...had!, ...capacityAfterHostLoss.check(after, "")].map(({ subject: { name } }) => name));
  for (const { subject: about, message } of has!.filter(({ subject: { name } }) => !told.has(name))) {
    yield {
      subject: about,
      message: `Of the hosts that are not lost: ${message}`,
      approval: { action: "weaken", resource: `host ${about.name}` },
    };
  }
}
