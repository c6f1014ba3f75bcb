import type { ServerFixture } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"proxy"> = {
  kind: "proxy",
  name: "maps",
  number: 7,
  to: "https://maps.example.net/tiles",
  keepHost: false,
};
