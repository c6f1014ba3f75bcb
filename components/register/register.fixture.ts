import type { Fixture } from "../../testing/fixtures/kind-fixture.ts";

export const fixture: Fixture<"registers"> = () => [
  { tombstones: [60_000], deletedNames: ["gone"], retired: [], vanished: [] },
];
