import type { ServerFixture } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"redirect"> = {
  kind: "redirect",
  name: "old",
  number: 6,
  to: "https://www.example.org/new",
  status: 308,
  keepPath: true,
};
