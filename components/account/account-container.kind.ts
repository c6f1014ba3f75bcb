import { z } from "zod";
import { flag, number, promise, text, waivers } from "../inputs.ts";
import { type Kind, ownFile } from "../kind.ts";
import { eachLimit } from "../plan/limits.ts";
import { describeAccount } from "./describe-account.ts";

export const inputs = z.strictObject({
  waivers,
  name: text,
  number,
  host: text,
  standby: text
    .exactOptional()
    .describe("Host that takes over at once when `host` is lost; required by plans that survive a host."),
  plan: text,
  protect: flag,
  backup: z
    .strictObject({ site: text, retentionDays: number })
    .exactOptional()
    .describe("Site of its backups, and the number of days that they are kept."),
  uid: number,
  gid: number,
  user: text.describe("Login name on the host: `a<number>`."),
  slice: text.describe("systemd slice: `account-<number>.slice`."),
  directory: text.describe("Directory on the host: `/srv/accounts/<number>`."),
  limits: z.strictObject(eachLimit(() => promise(number))),
});

/** One account's container: uid, slice, limits and directory, all following from its number. */
export const kind: Kind<"accounts"> = {
  key: "accounts",
  name: "account",
  words: ["account", "accounts"],
  type: "fairhost:account:AccountContainer",
  identity: ["number"],
  inputs,
  resourceName: ({ number }) => `account-${number}`,
  parent: ({ host }) => ["host", host],
  concerns: "host",
  hostOf: ({ host }) => host,
  accountOf: ({ number }) => number,
  retired: "tombstones.yaml",
  deletion: "approval",
  declare: ({ accounts }) =>
    accounts.map(({ account, site, plan, own }) => ({
      name: account.name,
      number: account.number,
      host: account.host,
      ...(account.standby !== undefined && { standby: account.standby }),
      ...(site.backupSite !== undefined && {
        backup: { site: site.backupSite, retentionDays: account.retentionDays ?? plan.retentionDays },
      }),
      plan: account.plan,
      protect: account.protect,
      uid: own.uid,
      gid: own.gid,
      user: own.user,
      slice: own.slice,
      directory: own.directory,
      limits: eachLimit((name) => plan[name]),
    })),
  place: ownFile("accounts"),
  describe: describeAccount,
};
