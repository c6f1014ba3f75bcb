import { z } from "zod";
import { number, text } from "../inputs.ts";
import { describeNothing } from "../registry/change.ts";
import { derivedField, identity, key } from "../registry/fields/field-class.ts";
import { type Kind, ofAccount, ownFile } from "../registry/kind.ts";

export const inputs = z.strictObject({
  account: key(number).describe("The account's number."),
  host: derivedField(text).describe("The host that announces it."),
  site: derivedField(text).describe("The site whose prefix it is part of."),
  prefix: identity(text, { judged: "identity-kept" }).describe("The account's /64, canonical."),
  address: identity(text, { judged: "identity-kept" }).describe("The account's own address, `<prefix>::1`, canonical."),
});

export const kind: Kind<"addresses"> = {
  key: "addresses",
  name: "address",
  words: ["address", "addresses"],
  description: "What an account is reached at: its own /64, and its address in it.",
  called: "address of account",
  type: "fairhost:network:AccountAddress",
  identity: ["account"],
  inputs,
  resourceName: ({ account }) => `account-${account}-address`,
  parent: ({ account }) => ["account", String(account)],
  ...ofAccount,
  deletion: "follows",
  declare: ({ accounts }) =>
    accounts.map(({ account, site, own }) => {
      return { account: account.number, host: account.host, site: site.name, prefix: own.prefix, address: own.address };
    }),
  ...ownFile("accounts", "number"),
  describe: describeNothing,
};
