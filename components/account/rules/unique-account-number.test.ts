import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueAccountNumber } from "./unique-account-number.ts";

testRule(uniqueAccountNumber, {
  "one number for two": {
    break: (valid) => changed(valid, "accounts", 1, () => ({ ...valid.accounts[0]!, name: "new" })),
    expect: ["account 1 number: Account new has number 1, the same as account acme-1."],
    alsoBreaks: ["unique-uid", "unique-slice", "unique-directory", "references-exist"],
  },
  "two addresses for one": {
    break: (valid) => changed(valid, "addresses", 2, (address) => ({ ...address, account: 1, host: "h1" })),
    expect: ["address 1 account: Account 1 has two addresses: 2001:db8:1:1::1 and 2001:db8:1:3::1."],
    alsoBreaks: ["references-exist"],
  },
});
