import { engineNames } from "../../delivery/protocol/databases.ts";
import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";

/** One database of each engine for every account; that on MariaDB is reached over TCP too. */
export const fixture: Fixture<"databases"> = (size) =>
  upTo(size.accounts).flatMap((account) =>
    engineNames.map((engine) => ({
      account,
      engine,
      name: "shop",
      host: hostOf(account, size),
      connections: 10,
      ...(engine === "mariadb" && { tcp: true }),
    })),
  );
