import { changed, having, testRule } from "../../testing/test-rule.ts";
import { referencesExist } from "./references-exist.ts";

const own = ["addresses", "httpServers"] as const;

testRule(referencesExist, {
  "a host that is not there": {
    break: (valid) => changed(having(valid, ...own), "accounts", 0, (account) => ({ ...account, host: "h9" })),
    expect: [
      "account 1 host: Account 1 is on host h9, which is not declared.",
      "address 1 host: Address of account 1 is on host h1, but account 1 is on h9.",
      "httpServer 1/api host: HTTP server 1/api is on host h1, but account 1 is on h9.",
      "httpServer 1/www host: HTTP server 1/www is on host h1, but account 1 is on h9.",
    ],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "an account that is not there": {
    break: (valid) => changed(having(valid, ...own), "accounts", 0, () => undefined),
    expect: [
      "address 1 account: Address of account 1 belongs to account 1, which is not declared.",
      "httpServer 1/api account: HTTP server 1/api belongs to account 1, which is not declared.",
      "httpServer 1/www account: HTTP server 1/www belongs to account 1, which is not declared.",
    ],
  },
  "an account without an address": {
    break: (valid) => changed(valid, "addresses", 1, () => undefined),
    expect: ["account 2 number: Account 2 has no address."],
  },
  "an unknown plan": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, plan: "huge" })),
    expect: ["account 1 plan: Account 1 has plan huge, which is not declared."],
  },
  "no plan at all": {
    break: (valid) => ({ ...valid, plans: [] }),
    expect: [
      "account 1 plan: Account 1 has plan small, which is not declared.",
      "account 2 plan: Account 2 has plan small, which is not declared.",
      "account 3 plan: Account 3 has plan small, which is not declared.",
    ],
  },
  "a host without a front end": {
    break: (valid) => changed(valid, "frontEnds", 1, () => undefined),
    expect: ["account 2 host: Account 2 is on host h2, which has no front end."],
  },
  "a front end of no host": {
    break: (valid) => ({ ...valid, frontEnds: [...valid.frontEnds, { ...valid.frontEnds[0]!, host: "h9" }] }),
    expect: ["frontEnd h9 host: Front end of h9 is on host h9, which is not declared."],
  },
});
