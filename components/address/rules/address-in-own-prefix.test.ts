import fc from "fast-check";
import { Address6 } from "ip-address";
import { expect, test } from "vitest";
import { changed, testRule } from "../../../testing/test-rule.ts";
import { nothingDeclared } from "../../registry/subject.ts";
import { addressInOwnPrefix } from "./address-in-own-prefix.ts";

testRule(addressInOwnPrefix, {
  "another address of the prefix": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, address: "2001:db8:1:1::2" })),
    expect: [
      "address 1 address: Account 1 has address 2001:db8:1:1::2 instead of 2001:db8:1:1::1 in its prefix 2001:db8:1:1::/64.",
    ],
  },
  "a neighbour's network": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, address: "2001:db8:1:9::1" })),
    expect: [
      "address 1 address: Account 1 has address 2001:db8:1:9::1 instead of 2001:db8:1:1::1 in its prefix 2001:db8:1:1::/64.",
    ],
  },
  "a long spelling": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, prefix: "2001:0db8:1:1::/64" })),
    expect: ["address 1 prefix: Account 1 has prefix 2001:0db8:1:1::/64, which is not a canonical /64."],
  },
  "another length": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, prefix: "2001:db8:1::/48" })),
    expect: ["address 1 prefix: Account 1 has prefix 2001:db8:1::/48, which is not a canonical /64."],
    alsoBreaks: ["prefix-inside-site"],
  },
  "host bits set": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, prefix: "2001:db8:1:1:1::/64" })),
    expect: ["address 1 prefix: Account 1 has prefix 2001:db8:1:1:1::/64, which is not a canonical /64."],
  },
  "no prefix at all": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, prefix: "everything" })),
    expect: ["address 1 prefix: Account 1 has prefix everything, which is not a canonical /64."],
    alsoBreaks: ["prefix-inside-site"],
  },
});

test("takes a /64 for canonical exactly if the library writes it so", () => {
  const group = fc.oneof(fc.constantFrom("0", "00", "1", "01", "f0", "10"), fc.stringMatching(/^[0-9a-f]{1,4}$/));
  fc.assert(
    fc.property(fc.array(group, { minLength: 1, maxLength: 4 }), (groups) => {
      const network = `${groups.join(":")}::`;
      const address = { account: 1, host: "web1", site: "par1", prefix: `${network}/64`, address: `${network}1` };
      const found = addressInOwnPrefix.check({ ...nothingDeclared, addresses: [address] }, "2026-11-24");
      expect(found).toHaveLength(new Address6(network).correctForm() === network ? 0 : 1);
    }),
    { numRuns: 2000 },
  );
});
