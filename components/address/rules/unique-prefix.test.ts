import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniquePrefix } from "./unique-prefix.ts";

testRule(uniquePrefix, {
  "one prefix for two": {
    break: (valid) => changed(valid, "addresses", 1, (address) => ({ ...address, prefix: "2001:db8:1:1::/64" })),
    expect: ["address 2 prefix: Account 2 has prefix 2001:db8:1:1::/64, the same as account 1."],
    alsoBreaks: ["address-in-own-prefix"],
  },
});
