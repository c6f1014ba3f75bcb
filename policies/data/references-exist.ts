import type { AccountContainerInputs, Declaration } from "../../components/kinds.generated.ts";
import { defineRule, type Finding } from "../../components/rule.ts";
import { subject } from "../../components/subject.ts";

export const referencesExist = defineRule({
  name: "references-exist",
  theme: "data",
  severity: "critical",
  scope: "stack",
  description:
    "Every account is on a declared host with a front end and has an address there; every address and HTTP server belongs to a declared account and is on its host.",
  reason:
    "An element without its host or account is not delivered, or it stays on a host that no longer has the account.",
  remediation: "Correct the name of the `host`, or add the missing host or account to the inventory.",
  *find(declaration) {
    const hosts = new Set(declaration.hosts.map((host) => host.name));
    const accounts = new Map(declaration.accounts.map((account) => [account.number, account]));
    yield* judgeAccounts(declaration, hosts);
    for (const address of declaration.addresses) {
      const found = misplaced(address, accounts, `The address ${address.address}`);
      if (found) yield { subject: subject.address(address, found.path), message: found.message };
    }
    for (const server of declaration.httpServers) {
      const found = misplaced(server, accounts, `HTTP server ${server.account}/${server.name}`);
      if (found) yield { subject: subject.httpServer(server, found.path), message: found.message };
    }
    for (const frontEnd of declaration.frontEnds) {
      if (hosts.has(frontEnd.host)) continue;
      yield {
        subject: subject.frontEnd(frontEnd, "host"),
        message: `A front end is for host ${frontEnd.host}, which is not declared.`,
      };
    }
  },
});

function* judgeAccounts(
  { accounts, addresses, plans, frontEnds }: Declaration,
  hosts: ReadonlySet<string>,
): Generator<Finding> {
  const addressed = new Set(addresses.map((address) => address.account));
  const served = new Set(frontEnds.map((frontEnd) => frontEnd.host));
  const planNames = new Set(plans.map((plan) => plan.name));
  for (const account of accounts) {
    const wrong = (path: string, what: string): Finding => ({
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
  element: { readonly account: number; readonly host: string },
  accounts: ReadonlyMap<number, AccountContainerInputs>,
  name: string,
): { path: string; message: string } | undefined {
  const account = accounts.get(element.account);
  if (!account)
    return { path: "account", message: `${name} belongs to account ${element.account}, which is not declared.` };
  if (account.host === element.host) return undefined;
  return {
    path: "host",
    message: `${name} is on host ${element.host}, but account ${account.number} is on ${account.host}.`,
  };
}
