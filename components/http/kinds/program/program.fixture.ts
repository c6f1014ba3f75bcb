import type { ServerFixture } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"program"> = {
  kind: "program",
  name: "api",
  number: 2,
  command: ["/usr/bin/python3", "serve.py"],
  directory: "api",
  socketActivation: false,
  environment: { LANG: "C.UTF-8" },
};
