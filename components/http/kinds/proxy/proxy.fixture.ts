import type { ServerFixture, ServerSample } from "../../../../testing/fixtures/kind-fixture.ts";

export const fixture: ServerFixture<"proxy"> = {
  kind: "proxy",
  name: "maps",
  number: 7,
  to: "https://maps.example.net/tiles",
  keepHost: false,
};

const common = { kind: "proxy", name: "proxy", keepHost: false, idleSeconds: 300 } as const;
/** The first program of the account. */
const telling = "http://127.0.0.1:8001";

export const sample: ServerSample<"proxy"> = {
  small: { server: { ...common, to: "http://127.0.0.1:9100" }, files: {} },
  // Where nothing listens.
  busy: [{ server: { ...common, to: "http://127.0.0.1:8999" }, files: {} }],
  telling: [{ server: { ...common, to: telling }, files: {}, webSockets: true }],
};
