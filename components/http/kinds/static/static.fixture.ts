import type { ServerFixture } from "../../../../testing/kind-fixture.ts";

export const fixture: ServerFixture<"static"> = { kind: "static", name: "www", number: 1, root: "www" };
