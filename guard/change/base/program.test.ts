import { expect, test } from "vitest";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { asReadToday } from "./program.ts";

const valid = declarationFixture();

test("what an older version did not say is what it meant: 0.1.0's uids began at 200000", () => {
  const networks = valid.networks.map(({ uidBase: _, ...network }) => network);
  const { ranges: _, ...older } = { ...valid, networks } as unknown as Declaration;
  const read = asReadToday(older as Declaration);
  expect(read.networks.map(({ uidBase }) => uidBase)).toEqual([200_000]);
  expect(read.ranges).toEqual([]);
  expect(asReadToday(valid)).toEqual(valid);
});

test("what nothing reads any more is left out: 0.1.0's HTTP servers listened on TCP", () => {
  const httpServers = valid.httpServers.map((server) => ({
    ...server,
    listen: { address: "2001:db8::1", port: 8001 },
  }));
  expect(asReadToday({ ...valid, httpServers })).toEqual(valid);
});

test("what has another form stays as it is, so that the change shows", () => {
  const networks = valid.networks.map((network) => ({ ...network, bought: "1999" }));
  expect(asReadToday({ ...valid, networks }).networks).toEqual(networks);
});

test("things of a kind that this program does not know are not passed over", () => {
  const declaring = (mailboxes: readonly object[]) => asReadToday({ ...valid, mailboxes } as Declaration);
  expect(() => declaring([{ name: "post" }])).toThrow("it declares mailboxes, which this program does not know");
  expect(declaring([])).toEqual(valid);
});
