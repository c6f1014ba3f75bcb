import type { ServerFixture } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"static"> = { kind: "static", name: "www", number: 1, root: "www" };
