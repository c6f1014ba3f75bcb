import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { homePath, number, text, texts, waivers } from "../inputs.ts";
import { type Change, type Describe, differences, effect } from "../registry/change.ts";
import { derivedField, key, trust } from "../registry/field-class.ts";
import { inAccount, type Kind } from "../registry/kind.ts";
import { format, homePathSchema, lineSchema } from "../schema.ts";

export const inputs = z.strictObject({
  waivers,
  account: key(number).describe("Number of the account it belongs to."),
  name: key(text).describe("Unique in the account; the name to log in with."),
  host: derivedField(text).describe("The host of its account."),
  directory: homePath().describe("Where its logins begin."),
  keys: trust(texts, { means: "who may log in" }).describe("Public keys that may log in, as OpenSSH writes them."),
});

/**
 * Names that Linux and OpenSSH take as they are. Names of the sandbox's own users cannot be had: `root`, `nobody`, and the account's
 * (`a1204`).
 */
const userNameSchema = format(
  "1 to 32 lower-case letters, digits, _ or inner hyphens, starting with a letter, and not root, nobody or the name of an account's own user such as a1204",
  (says) => z.string().regex(/^(?!(?:root|nobody|a\d+)$)[a-z](?:[a-z0-9_-]{0,30}[a-z0-9_])?$/, says),
  "a user's name",
);

/** The list in an account's file. */
export const entries = z
  .array(
    z.strictObject({
      name: userNameSchema.describe("The name to log in with, unique in the account."),
      directory: z
        .union([z.literal("."), homePathSchema])
        .default(".")
        .describe("Where logins begin, inside the account's home. Default `.`, the home itself. It limits nothing."),
      keys: z
        .array(lineSchema.min(1).max(4096))
        .min(1)
        .max(50)
        .describe(
          "Public keys that may log in, each a line as `ssh-keygen` writes it: type, key and a comment, without options. ssh-ed25519, ecdsa-sha2-nistp256, -384 and -521, their forms for security keys (sk-...), and ssh-rsa of at least 3072 bits.",
        ),
    }),
  )
  .max(50)
  .default([])
  .describe(
    "Who may log in to the account by SSH, at its own IPv6 address. All have the account's rights: they share its uid, its files and its limits.",
  );

export const kind: Kind<"users"> = {
  key: "users",
  name: "user",
  words: ["user", "users"],
  description: "Somebody who may log in to an account by SSH, with the account's rights.",
  type: "fairhost:access:User",
  identity: ["account", "name"],
  inputs,
  resourceName: ({ account, name }) => `account-${account}-user-${name}`,
  parent: ({ account }) => ["account", String(account)],
  concerns: "host",
  hostOf: ({ host }) => host,
  accountOf: ({ account }) => account,
  retired: "freely",
  deletion: "free",
  // What people use over SSH, beside the server and what it is reached through.
  packages: ["git", "openssh-client", "openssh-server", "openssh-sftp-server", "rsync", "socat"],
  declare: ({ accounts }) =>
    accounts.flatMap(({ account }) =>
      sortBy(account.users, ({ name }) => name).map((user) => {
        return { ...user, account: account.number, host: account.host };
      }),
    ),
  ...inAccount("users"),
  describe: describeUser,
};

function describeUser(change: Change<"users">): ReturnType<Describe<"users">> {
  const { op, subject } = change;
  const { account, name } = change.after ?? change.before;
  const of = `user ${name} of account ${account}`;
  if (op === "create") return [effect(subject, `Lets ${of} log in by SSH.`, [account])];
  const ends = "sessions that are open in the account end";
  if (op === "delete") return [effect(subject, `Removes ${of}: logins are refused, and ${ends}.`, [account])];
  return [effect(subject, `Changes ${of}: ${differences(change)}; ${ends}.`, [account])];
}
