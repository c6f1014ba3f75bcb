import { sortBy } from "../../lib/lists.ts";
import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";
import { serverFixtures } from "./kinds/server-fixtures.generated.ts";

/** One HTTP server of each kind for every account, by number. */
export const fixture: Fixture<"httpServers"> = (size) => {
  const servers = sortBy(serverFixtures, ({ number }) => number);
  return upTo(size.accounts).flatMap((account) =>
    servers.map((server) => ({
      ...server,
      account,
      host: hostOf(account, size),
      hostnames: [`${server.name}${account}.example.org`],
      idleSeconds: 300,
      unit: `account-${account}-http-${server.name}`,
    })),
  );
};
