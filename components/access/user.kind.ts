import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { homePath, number, secret, text, texts, waivers } from "../inputs.ts";
import { type Change, type Describe, differences, effect } from "../registry/change.ts";
import { derivedField, key, trust } from "../registry/fields/field-class.ts";
import { type Element, inAccount, type Kind, ofAccount } from "../registry/kind.ts";
import { format, homePathSchema, lineSchema } from "../schema.ts";
import { passwordHashSchema } from "./passwords/password-hash.ts";
import { byPassword, protocols } from "./protocols.ts";
import { logsIn } from "./ssh/sshd-configuration.ts";

export const inputs = z.strictObject({
  waivers,
  account: key(number).describe("Number of the account it belongs to."),
  name: key(text).describe("Unique in the account; the name to log in with."),
  host: derivedField(text).describe("The host of its account."),
  keys: trust(texts, { means: "who may log in" }).describe("Public keys that may log in, as OpenSSH writes them."),
  passwordHash: trust(secret, { means: "who may log in" })
    .exactOptional()
    .describe("yescrypt hash of the password that may log in; without it none may."),
  directory: trust(homePath(), { means: "what a login reaches" }).describe(
    "Where its logins begin; without `ssh` it is all that the user reaches.",
  ),
  protocols: trust(z.array(z.enum(protocols)), { means: "what a login reaches" }).describe(
    "What it may do: `ssh`, a shell; `sftp`, files of its directory; `webdav`, the same over HTTPS; `ftps`, over FTP with TLS.",
  ),
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
        .describe(
          "Where logins begin, inside the account's home. Default `.`, the home itself. With `ssh` it limits nothing; without, the user reaches nothing of the home outside of it.",
        ),
      protocols: z
        .array(z.enum(protocols))
        .min(1)
        .default(["ssh"])
        .describe(
          "What the user may do. `ssh` (default): a shell, and with it all that the account may: commands, SFTP, rsync, git, forwarded ports. `sftp` alone: files of `directory` over SFTP; no shell, no commands, no forwarded ports. `webdav`: the same files over HTTPS, `ftps`: over FTP with TLS; both by password, beside the others or alone.",
        ),
      keys: z
        .array(lineSchema.min(1).max(4096))
        .max(50)
        .default([])
        .describe(
          "Public keys that may log in, each a line as `ssh-keygen` writes it: type, key and a comment, without options. ssh-ed25519, ecdsa-sha2-nistp256, -384 and -521, their forms for security keys (sk-...), and ssh-rsa of at least 3072 bits.",
        ),
      passwordHash: passwordHashSchema
        .optional()
        .describe(
          "Lets the user log in by password, if the plan allows it (`passwordLogins`). The line that `npm run password` prints: a yescrypt hash of cost 5 to 7; never the password.",
        ),
    }),
  )
  .max(50)
  .default([])
  .describe(
    "Who may log in to the account by SSH, at its own IPv6 address. All with a shell have the account's rights: they share its uid, its files and its limits.",
  );

export const kind: Kind<"users"> = {
  key: "users",
  name: "user",
  words: ["user", "users"],
  description: "Somebody who may log in to an account by SSH: with the account's rights, or to files of a directory.",
  type: "fairhost:access:User",
  identity: ["account", "name"],
  inputs,
  resourceName: ({ account, name }) => `account-${account}-user-${name}`,
  parent: ({ account }) => ["account", String(account)],
  ...ofAccount,
  deletion: "free",
  // What people use over SSH, beside the server and what it is reached through.
  packages: ["git", "openssh-client", "openssh-server", "openssh-sftp-server", "rsync", "socat"],
  variants: [
    {
      word: "WebDAV",
      needs: { on: { packages: ["lighttpd", "lighttpd-mod-webdav"], masks: ["lighttpd.service"] }, off: {} },
      of: ({ protocols }) => (protocols.includes("webdav") ? "on" : "off"),
    },
  ],
  declare: ({ accounts }) =>
    accounts.flatMap(({ account }) =>
      sortBy(account.users, ({ name }) => name).map(({ passwordHash, ...user }) => {
        return {
          ...user,
          ...(passwordHash !== undefined && { passwordHash }),
          account: account.number,
          host: account.host,
        };
      }),
    ),
  ...inAccount("users"),
  describe: describeUser,
};

function describeUser(change: Change<"users">): ReturnType<Describe<"users">> {
  const { op, subject } = change;
  const { account, name } = change.after ?? change.before;
  const of = `user ${name} of account ${account}`;
  if (op === "create") return [effect(subject, `Lets ${of} log in ${wayIn(change.after)}.`, [account])];
  const ends = "sessions that are open in the account end";
  if (op === "delete") return [effect(subject, `Removes ${of}: logins are refused, and ${ends}.`, [account])];
  return [effect(subject, `Changes ${of}: ${differences(change)}; ${ends}.`, [account])];
}

/** For a sentence: what the user gets, and by what. */
function wayIn({ protocols, directory, passwordHash }: Element<"users">): string {
  const files = byPassword.flatMap(([protocol, word]) => (protocols.includes(protocol) ? [word] : []));
  if (!logsIn({ protocols })) return `over ${files.join(" and ")}, to ${place(directory)} alone, by password`;
  const by = `${files.map((word) => ` and over ${word}`).join("")}${passwordHash === undefined ? "" : ", also by password"}`;
  return protocols.includes("ssh") ? `by SSH${by}` : `by SFTP, to ${place(directory)} alone${by}`;
}

const place = (directory: string) => (directory === "." ? "its home" : directory);
