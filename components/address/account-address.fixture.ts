import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";
import type { AccountAddressInputs } from "../registry/kinds.generated.ts";

/** A valid account's address.
 */
function addressFixture(account = 1, change: Partial<AccountAddressInputs> = {}): AccountAddressInputs {
  const subnet = `2001:db8:1:${account.toString(16)}::`;
  return { account, host: "h1", site: "alpha", prefix: `${subnet}/64`, address: `${subnet}1`, ...change };
}

export const fixture: Fixture<"addresses"> = (size) =>
  upTo(size.accounts).map((number) => addressFixture(number, { host: hostOf(number, size) }));
