import { expect, test } from "vitest";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../testing/test-rule.ts";
import { accountWithDataProtected } from "./account-with-data-protected.ts";

testRule(accountWithDataProtected, {
  "an account without protection": {
    break: (valid) => changed(valid, "accounts", 1, (account) => ({ ...account, protect: false })),
    expect: ["account 2 protect: Account 2 (acme-2) is not protected."],
  },
});

test("accounts of an emulated site need no protection", () => {
  const valid = declarationFixture();
  const emulated = {
    ...valid,
    sites: valid.sites.map((site) => ({ ...site, emulated: true })),
    accounts: valid.accounts.map((account) => ({ ...account, protect: false })),
  };
  expect(accountWithDataProtected.check(emulated, today)).toEqual([]);
});
