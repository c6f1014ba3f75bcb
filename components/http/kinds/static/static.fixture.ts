import type { ServerFixture, ServerSample } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"static"> = { kind: "static", name: "www", number: 1, root: "www" };

const server = { kind: "static", name: "static", root: "static", idleSeconds: 300 } as const;

export const sample: ServerSample<"static"> = {
  small: { server, files: { "static/index.html": "x" } },
  busy: [
    {
      server,
      get files() {
        return { "static/film.bin": new Uint8Array(50_000_000) };
      },
      path: "/film.bin",
    },
  ],
  telling: [{ server, files: { "static/index.html": "static" }, refusesBodies: 404 }],
};
