import type { Declaration } from "../components/registry/kinds.generated.ts";
import { fixtures } from "./fixtures.generated.ts";

export { accountFixture } from "../components/account/account-container.fixture.ts";
export { hostFixture } from "../components/host/bare-metal-host.fixture.ts";

/**
 * A valid declaration: of every kind what its fixture has. Two sites, two routers, two switches, four operators, one plan,
 * `hosts` hosts with a front end each, and `accounts` accounts with one HTTP server of each kind, spread over the hosts in turn.
 * Default: 2 hosts, 3 accounts.
 */
export function declarationFixture({ hosts = 2, accounts = 3 } = {}): Declaration {
  const elements = Object.entries(fixtures).map(([key, fixture]) => [key, fixture({ hosts, accounts })]);
  return Object.fromEntries(elements) as unknown as Declaration;
}

/** The day tests judge at. */
export const today = "2026-11-22";
