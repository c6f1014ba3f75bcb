import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { changed, having, testRule } from "../../testing/test-rule.ts";
import { referencesExist } from "./references-exist.ts";

const own = ["addresses", "httpServers"] as const;
const { accounts, httpServers } = declarationFixture();
/** Of account 1, one of each kind, in the order of violations. */
const servers = httpServers
  .filter(({ account }) => account === 1)
  .map(({ name }) => name)
  .sort();

testRule(referencesExist, {
  "a host that is not there": {
    break: (valid) => changed(having(valid, ...own), "accounts", 0, (account) => ({ ...account, host: "h9" })),
    expect: [
      "account 1 host: Account 1 is on host h9, which is not declared.",
      "address 1 host: Address of account 1 is on host h1, but account 1 is on h9.",
      ...servers.map(
        (name) => `httpServer 1/${name} host: HTTP server 1/${name} is on host h1, but account 1 is on h9.`,
      ),
    ],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "an account that is not there": {
    break: (valid) => changed(having(valid, ...own), "accounts", 0, () => undefined),
    expect: [
      "address 1 account: Address of account 1 belongs to account 1, which is not declared.",
      ...servers.map(
        (name) => `httpServer 1/${name} account: HTTP server 1/${name} belongs to account 1, which is not declared.`,
      ),
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
    expect: accounts.map(
      ({ number }) => `account ${number} plan: Account ${number} has plan small, which is not declared.`,
    ) as [string, ...string[]],
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
