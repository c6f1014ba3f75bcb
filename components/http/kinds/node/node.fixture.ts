import type { ServerFixture } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"node"> = {
  kind: "node",
  name: "chat",
  number: 5,
  main: "server.js",
  arguments: ["--quiet"],
  nodeOptions: ["--max-old-space-size=200"],
  directory: "chat",
  environment: {},
};
