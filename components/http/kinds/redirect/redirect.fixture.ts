import type { ServerFixture, ServerSample } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"redirect"> = {
  kind: "redirect",
  name: "old",
  number: 6,
  to: "https://www.example.org/new",
  status: 308,
  keepPath: true,
};

export const sample: ServerSample<"redirect"> = {
  busy: [],
  telling: [
    {
      server: {
        kind: "redirect",
        name: "redirect",
        to: "https://new.test",
        status: 308,
        keepPath: true,
        idleSeconds: 300,
      },
      files: {},
      refusesBodies: 308,
    },
  ],
};
