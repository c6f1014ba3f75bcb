import type { Declaration } from "../components/registry/kinds.generated.ts";
import { sideOf } from "../guard/change/side.ts";
import { accountFixture, declarationFixture, hostFixture } from "./fixture.ts";
import { changedOwn } from "./test-rule.ts";

/** Six hosts; h2 is the standby of an account on h1. */
export function sixHosts(): Declaration {
  const valid = declarationFixture();
  return {
    ...changedOwn(valid, () => undefined),
    hosts: Array.from({ length: 6 }, (_, index) => hostFixture(index + 1)),
    frontEnds: [],
    accounts: [accountFixture(11, { host: "h1", standby: "h2" })],
    addresses: valid.addresses.filter(({ account }) => account === 11),
  };
}

/** The same fleet after a change of every host's own files. */
export function everyHostChanged(before = sixHosts()): Declaration {
  return { ...before, hosts: before.hosts.map((host) => ({ ...host, asNumber: host.asNumber + 100 })) };
}

/** Both as sides of a review. */
export const fleetChange = { before: sideOf(sixHosts()), after: sideOf(everyHostChanged()) };

/** The valid fixture after its first account, with everything that belongs to it, has moved from h1 to h2. */
export function accountMoved(): Declaration {
  const valid = declarationFixture();
  return {
    ...changedOwn(valid, (each) => (each.account === 1 ? { ...each, host: "h2" } : each)),
    accounts: valid.accounts.map((account) => (account.number === 1 ? { ...account, host: "h2" } : account)),
  };
}
