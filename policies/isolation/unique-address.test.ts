import { changed, testRule } from "../../testing/test-rule.ts";
import { uniqueAddress } from "./unique-address.ts";

testRule(uniqueAddress, {
  "one address for two accounts": {
    break: (valid) => changed(valid, "addresses", 1, (address) => ({ ...address, address: "2001:db8:1:1::1" })),
    expect: ["address 2 address: Address 2001:db8:1:1::1 of account 2 is also the address of account 1."],
    alsoBreaks: ["address-in-own-prefix"],
  },
  "the address of a host": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, address: "2001:db8:1:2::1" })),
    expect: ["address 2 address: Address 2001:db8:1:2::1 of account 2 is also the address of host h1."],
  },
  "one address for two hosts": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, address: valid.hosts[1]!.address })),
    expect: ["host h2 address: Address 2001:db8:1:0:1::2 of host h2 is also the address of host h1."],
  },
});
