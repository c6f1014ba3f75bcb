import { z } from "zod";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { sortBy } from "../../lib/lists.ts";
import { flag, number, text, waivers } from "../inputs.ts";
import { differences, effect } from "../registry/change.ts";
import { behaviour, derivedField, key, promise } from "../registry/fields/field-class.ts";
import { type Kind, ofAccount } from "../registry/kind.ts";
import { format } from "../schema.ts";
import { engines } from "./engines.ts";

const engine = z.enum(engineNames);

export const inputs = z.strictObject({
  waivers,
  account: key(number).describe("Number of the account it belongs to."),
  engine: key(engine).describe("The server that keeps it."),
  name: key(text).describe("Unique in the account; on the server it is called `a<account>_<name>`."),
  host: derivedField(text).describe("The host of its account."),
  connections: promise(number).describe("Connections that may be open at the same time."),
  tcp: behaviour(flag).exactOptional().describe("Whether programs of the account also reach it over TCP, by password."),
});

const databaseNameSchema = format("1 to 40 lower-case letters, digits or _, starting with a letter", (says) =>
  z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, says),
);

/** The list in an account's file. */
export const entries = z
  .array(
    z.strictObject({
      name: databaseNameSchema.describe(
        "Name of the database, unique in the account. On the server it is called `a<account number>_<name>`.",
      ),
      engine: engine.describe(
        "The server that keeps it: `postgresql` (PostgreSQL 17) or `mariadb` (MariaDB 11.8). To change it, add another database, copy the data, then delete the old one.",
      ),
      connections: z
        .int()
        .min(1)
        .max(100)
        .default(10)
        .describe(
          "Connections that may be open at the same time, 1 to 100. Default 10. On MariaDB those of all the account's databases count together.",
        ),
      tcp: z
        .boolean()
        .exactOptional()
        .describe(
          "`true`: programs of the account also reach it over TCP at `localhost`, port 5432 (PostgreSQL) or 3306 (MariaDB), with the password in `$CREDENTIALS_DIRECTORY/database-password`. It holds for all databases that the account has on the same server. Default `false`: over the Unix socket alone, without a password.",
        ),
    }),
  )
  .max(50)
  .default([])
  .describe("Databases of the account. Their files count for the account's disk limit.");

export const kind: Kind<"databases"> = {
  key: "databases",
  name: "database",
  words: ["database", "databases"],
  description: "A database of an account, on the one server of its kind that the host has for all accounts.",
  type: "fairhost:database:Database",
  identity: ["account", "engine", "name"],
  inputs,
  resourceName: ({ account, engine, name }) => `account-${account}-${engine}-${name}`,
  parent: ({ account }) => ["account", String(account)],
  ...ofAccount,
  deletion: "approval",
  variants: [{ word: "engine", needs: engines, of: ({ engine }) => engine }],
  declare: ({ accounts }) =>
    accounts.flatMap(({ account }) =>
      sortBy(account.databases, ({ name }) => name).map((database) => {
        return { ...database, account: account.number, host: account.host };
      }),
    ),
  place(files, of) {
    const [number = "", ...own] = of.split("/");
    const source = files.entry("accounts", number);
    const position = source?.whole.databases.findIndex(({ engine, name }) => `${engine}/${name}` === own.join("/"));
    return source && position !== undefined && position >= 0 ? { source, path: ["databases", position] } : undefined;
  },
  names: (files) =>
    files
      .all("accounts")
      .flatMap(({ loose }) =>
        (loose.databases ?? []).flatMap((own) => (own ? [`${loose.number}/${own.engine}/${own.name}`] : [])),
      ),
  describe(change) {
    const { op, subject } = change;
    const { account, engine, name, host } = change.after ?? change.before;
    const of = `database ${name} (${engine}) of account ${account}`;
    const own = [account];
    if (op === "create") return [effect(subject, `Adds ${of}.`, own)];
    if (op === "delete") {
      const sentence = `Closes ${of}: nobody can connect; its data stays on ${host} until somebody purges it there.`;
      return [effect(subject, sentence, own, { destroys: true })];
    }
    return [effect(subject, `Changes ${of}: ${differences(change)}.`, own)];
  },
};
