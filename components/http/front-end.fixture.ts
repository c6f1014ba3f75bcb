import { type Fixture, hostOf, upTo } from "../../testing/kind-fixture.ts";
import type { FrontEndInputs } from "../registry/kinds.generated.ts";

/** A valid front end.
 */
export function frontEndFixture(change: Partial<FrontEndInputs> = {}): FrontEndInputs {
  return { host: "h1", ports: [80, 443], accounts: 2, httpServers: 4, ...change };
}

export const fixture: Fixture<"frontEnds"> = (size) =>
  upTo(size.hosts).map((index) => {
    const own = upTo(size.accounts).filter((number) => hostOf(number, size) === `h${index}`).length;
    return frontEndFixture({ host: `h${index}`, accounts: own, httpServers: 2 * own });
  });
