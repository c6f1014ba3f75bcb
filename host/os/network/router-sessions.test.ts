import { expect, test } from "vitest";
import { addressesIn } from "./router-sessions.ts";

const rules = `table inet fairhost {
  set inside6 { type ipv6_addr; flags interval; auto-merge; elements = { fd00:8000::11, fd00:8000::1:0:2:1 }; }
  set operators4 { type ipv4_addr; elements = { 198.18.3.10 }; }
  tcp dport 179 goto of_neighbors
}
`;

test.each([
  ["fd00:8000::11", true],
  ["fd00:8000:0:0:1:0:2:1", true],
  ["198.18.3.10", true],
  // The beginning of another one.
  ["fd00:8000::1", false],
  ["198.18.3.1", false],
  ["no address", false],
])("%s stands in the rules: %s", (address, stands) => {
  expect(addressesIn(rules)(address)).toBe(stands);
});
