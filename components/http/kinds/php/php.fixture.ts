import type { ServerFixture } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"php"> = {
  kind: "php",
  name: "wiki",
  number: 3,
  root: "wiki",
  fallback: "index.php",
  workers: 8,
  ini: { memory_limit: "256M", max_execution_time: 60 },
  environment: { APPLICATION: "live" },
};
