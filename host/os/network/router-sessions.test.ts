import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addressesIn, prefixesOfHosts } from "./router-sessions.ts";

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

test.each(["bird", "frr"])("what a host may announce is read of the text of %s", (maker) => {
  const golden = join(import.meta.dirname, `../../../components/network/router-systems/golden/router-1.${maker}.txt`);
  expect(prefixesOfHosts(readFileSync(golden, "utf8"))).toEqual(
    new Map([
      ["host web1", ["fd00:8000:0:1::/64", "fd00:8000:0:2::/64", "192.0.2.11/32"]],
      ["host web2", ["192.0.2.12/32"]],
    ]),
  );
});
