import { serverSamples } from "../components/http/kinds/server-fixtures.generated.ts";
import type { TellingServer } from "./fixtures/kind-fixture.ts";

/** A server of each kind, in each way that the kind serves, for one account. That of the kind `program` comes first: its port is the first, where the proxy's asks. */
export const tellingServers: readonly TellingServer[] = serverSamples
  .flatMap(({ telling }) => telling)
  .toSorted((left, right) => Number(right.server.kind === "program") - Number(left.server.kind === "program"));
