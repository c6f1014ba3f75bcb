import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";
import { eachLimit } from "../plan/each-limit.ts";
import { planFixture } from "../plan/plan.fixture.ts";
import type { AccountContainerInputs } from "../registry/kinds.generated.ts";

/** A valid account on host h1.
 */
export function accountFixture(number = 1, change: Partial<AccountContainerInputs> = {}): AccountContainerInputs {
  const plan = planFixture();
  return {
    name: `acme-${number}`,
    number,
    host: "h1",
    plan: "small",
    protect: true,
    backup: { site: "beta", retentionDays: 7, proofDays: 30 },
    uid: 200_000 + number,
    gid: 200_000 + number,
    user: `a${number}`,
    slice: `account-${number}.slice`,
    directory: `/srv/accounts/${number}`,
    limits: eachLimit((limit) => plan[limit]),
    ...change,
  };
}

export const fixture: Fixture<"accounts"> = (size) =>
  upTo(size.accounts).map((number) => accountFixture(number, { host: hostOf(number, size) }));
