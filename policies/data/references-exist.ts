import type { Element, Kind } from "../../components/registry/kind.ts";
import type { AccountContainerInputs, Declaration } from "../../components/registry/kinds.generated.ts";
import { allKinds, elementName, ownerOf, subject } from "../../components/registry/subject.ts";
import { defineRule, type Found } from "../../components/rule.ts";

/** What belongs to an account, and what lies on a host without one. */
const ofAccounts = allKinds.filter(({ key, accountOf }) => accountOf && key !== "accounts") as readonly Kind[];
const ofHosts = allKinds.filter(
  ({ key, hostOf, accountOf }) => hostOf && !accountOf && key !== "hosts",
) as readonly Kind[];

export const referencesExist = defineRule({
  name: "references-exist",
  theme: "data",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description:
    "Every account is on a declared host with a front end and has an address there; everything that belongs to an account belongs to a declared one and is on its host; everything on a host is on a declared one.",
  reason:
    "A resource without its host or account is not delivered, or it stays on a host that no longer has the account.",
  fix: "Correct the name of the `host`, or add the missing host or account to the inventory.",
  *find(declaration) {
    const hosts = new Set(declaration.hosts.map((host) => host.name));
    const accounts = new Map(declaration.accounts.map((account) => [account.number, account]));
    yield* judgeAccounts(declaration, hosts);
    for (const kind of ofAccounts) {
      for (const element of declaration[kind.key]) {
        const found = misplaced(kind, element, accounts);
        if (found) yield found;
      }
    }
    for (const kind of ofHosts) {
      for (const element of declaration[kind.key]) {
        const host = kind.hostOf!(element);
        if (!hosts.has(host)) yield wrong(kind, element, "host", `is on host ${host}, which is not declared`);
      }
    }
  },
});

function* judgeAccounts(
  { accounts, addresses, plans, frontEnds }: Declaration,
  hosts: ReadonlySet<string>,
): Generator<Found> {
  const addressed = new Set(addresses.map((address) => address.account));
  const served = new Set(frontEnds.map((frontEnd) => frontEnd.host));
  const planNames = new Set(plans.map((plan) => plan.name));
  for (const account of accounts) {
    const wrong = (path: string, what: string): Found => ({
      subject: subject.account(account, path),
      message: `Account ${account.number} ${what}.`,
    });
    if (!hosts.has(account.host)) yield wrong("host", `is on host ${account.host}, which is not declared`);
    else if (!served.has(account.host)) yield wrong("host", `is on host ${account.host}, which has no front end`);
    if (!addressed.has(account.number)) yield wrong("number", "has no address");
    if (!planNames.has(account.plan)) yield wrong("plan", `has plan ${account.plan}, which is not declared`);
  }
}

function misplaced(
  kind: Kind,
  element: Element,
  accounts: ReadonlyMap<number, AccountContainerInputs>,
): Found | undefined {
  const number = kind.accountOf!(element);
  const host = kind.hostOf!(element);
  const account = accounts.get(number);
  if (!account) return wrong(kind, element, "account", `belongs to account ${number}, which is not declared`);
  if (account.host === host) return undefined;
  return wrong(kind, element, "host", `is on host ${host}, but account ${number} is on ${account.host}`);
}

function wrong({ key, name: kind }: Kind, element: Element, path: string, what: string): Found {
  const about = { kind, name: elementName(key, element as never) };
  return { subject: { ...about, path }, message: `${ownerOf(about)} ${what}.` };
}
