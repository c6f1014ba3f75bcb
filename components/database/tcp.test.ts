import { expect, test } from "vitest";
import { renderRelay, socketsDigest } from "./tcp.ts";

const database = { connections: 3, tcp: true } as Parameters<typeof renderRelay>[2][number];
const { files } = renderRelay(1, "postgresql", [database]);

test("what restarts an account's programs follows their sockets, and not the relays", () => {
  const with5 = renderRelay(1, "postgresql", [{ ...database, connections: 5 }]).files;
  expect(with5).not.toEqual(files);
  expect(socketsDigest(with5)).toBe(socketsDigest(files));
  expect(socketsDigest(renderRelay(1, "mariadb", [database]).files)).not.toBe(socketsDigest(files));
});
