import { z } from "zod";
import { describeNothing } from "../change.ts";
import { number, text } from "../inputs.ts";
import { type Kind, ownFile } from "../kind.ts";

export const inputs = z.strictObject({
  account: number,
  host: text,
  site: text,
  prefix: text.describe("The account's /64, canonical."),
  address: text.describe("The account's own address, `<prefix>::1`, canonical."),
});

/** The IPv6 prefix and address of an account. */
export const kind: Kind<"addresses"> = {
  key: "addresses",
  name: "address",
  words: ["address", "addresses"],
  called: "address of account",
  type: "fairhost:network:AccountAddress",
  identity: ["account"],
  inputs,
  resourceName: ({ account }) => `account-${account}-address`,
  parent: ({ account }) => ["account", String(account)],
  concerns: "host",
  hostOf: ({ host }) => host,
  accountOf: ({ account }) => account,
  retired: "freely",
  deletion: "follows",
  declare: ({ accounts }) =>
    accounts.map(({ account, site, own }) => {
      return { account: account.number, host: account.host, site: site.name, prefix: own.prefix, address: own.address };
    }),
  place: ownFile("accounts"),
  describe: describeNothing,
};
