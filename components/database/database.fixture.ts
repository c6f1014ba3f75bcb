import { engineNames } from "../../delivery/protocol/databases.ts";
import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";

/** One database of each engine for every account. */
export const fixture: Fixture<"databases"> = (size) =>
  upTo(size.accounts).flatMap((account) =>
    engineNames.map((engine) => ({
      account,
      engine,
      name: "shop",
      host: hostOf(account, size),
      connections: 10,
      tcp: true,
    })),
  );
