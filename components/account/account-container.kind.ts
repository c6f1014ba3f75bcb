import { z } from "zod";
import { once } from "../../lib/once.ts";
import { restoreInputs } from "../backup/restore-request.ts";
import type { Account, Plan } from "../declaring.ts";
import { declaredFirewall, firewallInputs } from "../firewall/rule.ts";
import { flag, number, text, waivers } from "../inputs.ts";
import { eachLimit, limitInputs, limitNames } from "../plan/each-limit.ts";
import { derivedField, identity, key, note, promise, redundancy } from "../registry/fields/field-class.ts";
import { type Kind, ownFile } from "../registry/kind.ts";
import { describeAccount } from "./describe-account.ts";

export const inputs = z.strictObject({
  waivers,
  name: note(text).describe("Unique in the fleet; may change."),
  number: key(number).describe("What it is: uid, slice, directory, prefix and ports follow from it."),
  host: redundancy(text, { judged: "moves-planned" }).describe("The host it lives on."),
  standby: redundancy(text)
    .exactOptional()
    .describe(
      "Host at another site that has a copy of its backups, and takes it over if `host` is lost; required by plans that survive a site.",
    ),
  plan: derivedField(text).describe("Its plan."),
  protect: promise(flag).describe("Whether the engine refuses to delete it."),
  suspended: promise(
    z.strictObject({
      since: text.describe("Since when, for information only."),
      reason: text.describe("Why, for information only."),
    }),
    {
      judged: "promises-kept",
    },
  )
    .exactOptional()
    .describe("While it is there, nothing of the account runs; its data and all that is declared of it is kept."),
  firewall: firewallInputs
    .exactOptional()
    .describe("Rules of its own firewall, in their order; absent if there are none."),
  backup: z
    .strictObject({
      site: redundancy(text).describe("The site they go to."),
      retentionDays: promise(number).describe("Days they are kept."),
      proofDays: promise(number, { weaker: "more", later: true })
        .exactOptional()
        .describe("Days after which a proof that the newest one can be restored is too old."),
    })
    .exactOptional()
    .describe("Site of its backups, and the number of days that they are kept."),
  restore: restoreInputs
    .exactOptional()
    .describe("What the host puts in the place of what is there, from which backup: once for each id."),
  uid: identity(number, { judged: "identity-kept" }).describe("The network's `uidBase` and its number."),
  gid: identity(number, { judged: "identity-kept" }).describe("As the uid."),
  user: identity(text, { judged: "identity-kept" }).describe("Login name on the host: `a<number>`."),
  slice: identity(text, { judged: "identity-kept" }).describe("systemd slice: `account-<number>.slice`."),
  directory: identity(text, { judged: "identity-kept" }).describe("Directory on the host: `/srv/accounts/<number>`."),
  limits: z.strictObject(limitInputs()).describe("Its own limits, or else its plan's."),
  ownLimits: derivedField(z.array(text)).exactOptional().describe("Names of the limits that its own file sets."),
});

/** Those of a plan: one object for all accounts that have no limit of their own. */
const limitsOf = once((plan: Plan) => eachLimit((name) => plan[name]));

/** Names of the limits of an account's own, in the order of {@link limitNames}; nothing if it has none. */
function ownLimitsOf({ limits }: Account): { ownLimits?: string[] } {
  const ownLimits = limitNames.filter((name) => limits?.[name] !== undefined);
  return ownLimits.length > 0 ? { ownLimits } : {};
}

export const kind: Kind<"accounts"> = {
  key: "accounts",
  name: "account",
  words: ["account", "accounts"],
  description: "One account's container: uid, slice, limits and directory, all following from its number.",
  type: "fairhost:account:AccountContainer",
  identity: ["number"],
  inputs,
  resourceName: ({ number }) => `account-${number}`,
  parent: ({ host }) => ["host", host],
  concerns: "host",
  hostOf: ({ host }) => host,
  accountOf: ({ number }) => number,
  // Those that keep its backups.
  alsoOn: ({ backup }, { hosts }) =>
    hosts.filter(({ role, site }) => role === "backup" && site === backup?.site).map(({ name }) => name),
  retired: "tombstones.yaml",
  // Shown in the sandbox (certificates, a language every program may use), and the init of its programs.
  packages: ["ca-certificates", "media-types", "python3", "quota", "rsync", "tini", "zstd"],
  deletion: "approval",
  declare: ({ accounts }) =>
    accounts.map(({ account, site, plan, own }) => ({
      name: account.name,
      number: account.number,
      host: account.host,
      ...(account.standby !== undefined && { standby: account.standby }),
      ...(site.backupSite !== undefined && {
        backup: {
          site: site.backupSite,
          retentionDays: account.retentionDays ?? plan.retentionDays,
          proofDays: plan.proofDays,
        },
      }),
      ...(account.suspended !== undefined && { suspended: account.suspended }),
      ...(account.restore !== undefined && { restore: account.restore }),
      ...declaredFirewall(account.firewall),
      plan: account.plan,
      protect: account.protect,
      uid: own.uid,
      gid: own.gid,
      user: own.user,
      slice: own.slice,
      directory: own.directory,
      limits: account.limits ? eachLimit((name) => account.limits?.[name] ?? plan[name]) : limitsOf(plan),
      ...ownLimitsOf(account),
    })),
  ...ownFile("accounts", "number"),
  describe: describeAccount,
};
