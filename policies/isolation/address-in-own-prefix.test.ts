import { changed, testRule } from "../test-rule.ts";
import { addressInOwnPrefix } from "./address-in-own-prefix.ts";

testRule(addressInOwnPrefix, {
  "another address of the prefix": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, address: "2001:db8:1:1::2" })),
    expect: [
      "address 1 address: Account 1 has address 2001:db8:1:1::2, its prefix 2001:db8:1:1::/64 asks for 2001:db8:1:1::1.",
    ],
    alsoBreaks: ["listens-on-own-address"],
  },
  "a neighbour's network": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, address: "2001:db8:1:9::1" })),
    expect: [
      "address 1 address: Account 1 has address 2001:db8:1:9::1, its prefix 2001:db8:1:1::/64 asks for 2001:db8:1:1::1.",
    ],
    alsoBreaks: ["listens-on-own-address"],
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
