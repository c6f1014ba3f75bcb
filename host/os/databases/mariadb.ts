import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { dataDirectory, serverUser, socketDirectory } from "../../../delivery/protocol/databases.ts";
import { ApplyError, type Machine, type RunResult } from "../machine.ts";
import { connectionsOf, noAnswer, passwordState, type Server, type Share, wrongOn } from "./database-server.ts";

/** As root, whom the server knows by the kernel. `--no-defaults`: no file in a home is read. */
const common = ["--no-defaults", `--socket=${socketDirectory("mariadb")}/mysqld.sock`, "--user=root"] as const;

/** Here a database is a symlink to a directory of its account's. Only root makes it. */
const data = `${dataDirectory("mariadb")}/data`;

/** Runs statements one after the other and stops at the first error. */
function sql({ run }: Machine, statements: readonly string[]): Promise<RunResult> {
  const options = [...common, "--batch", "--skip-column-names", "--raw"];
  return run("mariadb", options, { input: `${statements.join("\n")}\n`, timeout: 300_000 });
}

/** All that an account may do in its database; not to hand it on, and nothing that runs without a connection (events). */
const accountRights = [
  ...["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER"],
  ...["CREATE TEMPORARY TABLES", "LOCK TABLES", "CREATE VIEW", "SHOW VIEW"],
  ...["CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE", "TRIGGER", "DELETE HISTORY", "SHOW CREATE ROUTINE"],
].sort();
const allRights = accountRights.join(",");

/** In rights a database is a pattern, in which `_` stands for any character. */
const pattern = (database: string) => database.replaceAll("_", "\\_");

/** What the server has of accounts. A state is text, compared with the one that is wanted. */
interface Present {
  /** By `name`, or `name@host` for another host than this one. */
  readonly users: Readonly<Record<string, string>>;
  /** By the pattern of the database, then by who holds them, as a statement names it. */
  readonly rights: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Of a user: how the server knows it, its connections, whether it may log in, rights on all databases, roles and rights on parts of a
 * database that is not its own (on routines of its own the server gives it rights by itself), its password.
 */
const question = `SELECT JSON_OBJECT(
  'users', JSON_QUERY((SELECT COALESCE(JSON_OBJECTAGG(IF(Host = 'localhost', User, CONCAT(User, '@', Host)), CONCAT_WS(' ',
      CONCAT_WS('+', JSON_VALUE(Priv, '$.plugin'), JSON_VALUE(Priv, '$.auth_or[0].plugin'), JSON_VALUE(Priv, '$.auth_or[1].plugin'),
        JSON_VALUE(Priv, '$.auth_or[2].plugin')), COALESCE(JSON_VALUE(Priv, '$.max_user_connections'), 0),
      IF(COALESCE(JSON_VALUE(Priv, '$.account_locked'), 0), 'locked', 'open'), COALESCE(JSON_VALUE(Priv, '$.access'), 0),
      (SELECT COUNT(*) FROM mysql.roles_mapping m WHERE m.User = p.User)
        + (SELECT COUNT(*) FROM mysql.tables_priv t WHERE t.User = p.User)
        + (SELECT COUNT(*) FROM mysql.columns_priv c WHERE c.User = p.User)
        + (SELECT COUNT(*) FROM mysql.procs_priv r WHERE r.User = p.User AND r.Db NOT LIKE CONCAT(p.User, '\\_%'))
        + (SELECT COUNT(*) FROM mysql.proxies_priv x WHERE x.User = p.User),
      COALESCE(LEFT(SHA2(NULLIF(JSON_VALUE(Priv, '$.authentication_string'), ''), 256), 16), 'none'))), '{}')
    FROM mysql.global_priv p WHERE User NOT IN ('root', 'mariadb.sys')), '$'),
  'rights', JSON_QUERY((SELECT COALESCE(JSON_ARRAYAGG(JSON_ARRAY(TABLE_SCHEMA, GRANTEE,
      CONCAT(PRIVILEGE_TYPE, IF(IS_GRANTABLE = 'YES', '+', '')))), '[]')
    FROM information_schema.SCHEMA_PRIVILEGES WHERE TABLE_SCHEMA <> 'mysql'), '$'));`;

const openUser = (share: Share) =>
  `${share.verifier === undefined ? "" : "mysql_native_password+"}unix_socket ${connectionsOf(share)} open 0 0 ${passwordState(share)}`;

/**
 * By the password, or else by the kernel's word. The password first: SET PASSWORD in a program then changes what the tables say, where it is
 * found. With the kernel's word first it fails, and yet the server takes the right password no more.
 */
const identified = ({ verifier }: Share) =>
  `IDENTIFIED VIA ${verifier === undefined ? "" : `mysql_native_password USING '${verifier}' OR `}unix_socket`;
const isLocked = (state: string) => state.split(" ")[2] === "locked";

async function present(machine: Machine): Promise<Present> {
  // Longer than the answer: what is cut off is no JSON.
  const result = await sql(machine, ["SET group_concat_max_len = 100000000;", question]);
  if (result.status !== 0) throw noAnswer("MariaDB", "mariadb", result);
  type Right = readonly [database: string, holder: string, right: string];
  const { users, rights: all } = JSON.parse(result.stdout) as Pick<Present, "users"> & { readonly rights: Right[] };
  const rights: Record<string, Record<string, string>> = {};
  for (const [database, holder, right] of all.sort()) {
    const own = rights[database] ?? {};
    rights[database] = { ...own, [holder]: own[holder] === undefined ? right : `${own[holder]},${right}` };
  }
  return { users, rights };
}

const directoryOf = ({ directory }: Share) => join(directory, "mariadb");

/** Where a name in the data directory leads. */
function leadsTo(machine: Machine, name: string): string | undefined {
  const path = machine.layout.at(join(data, name));
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  return found.isSymbolicLink() ? readlinkSync(path) : "the server's own directory";
}

/** The user and host of a name of {@link Present.users}, for a statement. */
function quoted(user: string): string {
  const [name, host = "localhost"] = user.split(/@(?=[^@]*$)/);
  return [name!, host].map((part) => `'${part.replaceAll(/['\\]/g, "\\$&")}'`).join("@");
}

const describe = (held: Readonly<Record<string, string>>) =>
  Object.entries(held)
    .map(
      ([grantee, list]) =>
        `${grantee.replaceAll("'", "").replace("@localhost", "")}: ${list === allRights ? "all" : list}`,
    )
    .sort()
    .join("; ") || "nobody";

/** MariaDB. A user is open last: that it is says that all before was done. */
export const mariadb: Server = {
  async wrong(machine, shares) {
    const { users, rights: held } = await present(machine);
    const compared = shares.flatMap((share) => {
      const { group, user, databases } = share;
      const state = (where: string, who: string) => `${where}, for ${who}`;
      return [
        { group, what: user, is: users[user], wanted: openUser(share) },
        ...databases.map(({ name }) => {
          const at = leadsTo(machine, name);
          const is = at && state(at, describe(held[pattern(name)] ?? {}));
          return { group, what: name, is, wanted: state(join(directoryOf(share), name), `${user}: all`) };
        }),
      ];
    });
    const open = [
      ...Object.keys(users).filter((user) => !isLocked(users[user]!)),
      ...Object.keys(held).map((database) => database.replaceAll("\\_", "_")),
    ];
    return wrongOn("MariaDB", compared, open);
  },

  async arrange(machine, share) {
    const { user, databases } = share;
    const { users, rights: held } = await present(machine);
    // In directories of root's: neither the account nor the server can put a symlink there. The account's disk limit holds for all below.
    const own = ["-o", serverUser("mariadb"), "-g", serverUser("mariadb")];
    const steps: (readonly string[])[] = [
      ["install", "-d", "-m", "0711", "--", directoryOf(share)],
      ...databases.flatMap(({ name }) => {
        const target = join(directoryOf(share), name);
        const directory = ["install", "-d", "-m", "0700", ...own, "--", target];
        return leadsTo(machine, name) === target
          ? [directory]
          : [directory, ["ln", "-sT", "--", target, join(data, name)]];
      }),
    ];
    for (const [program, ...args] of steps) {
      const result = await machine.run(program!, args);
      if (result.status !== 0) return result;
    }
    return sql(machine, [
      `CREATE USER IF NOT EXISTS ${quoted(user)} IDENTIFIED VIA unix_socket ACCOUNT LOCK;`,
      ...(users[user] === undefined ? [] : [`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${quoted(user)};`]),
      ...databases.flatMap(({ name }) => [
        ...revokeAll(held, name, quoted(user)),
        `GRANT ${accountRights.join(", ")} ON \`${pattern(name)}\`.* TO ${quoted(user)};`,
      ]),
      `ALTER USER ${quoted(user)} ${identified(share)} WITH MAX_USER_CONNECTIONS ${connectionsOf(share)} ACCOUNT UNLOCK;`,
    ]);
  },

  close: async (machine, names) => {
    const { users, rights: held } = await present(machine);
    return sql(
      machine,
      names.flatMap((name) => {
        if (name in users) return [`ALTER USER ${quoted(name)} ACCOUNT LOCK;`, `KILL USER ${quoted(name)};`];
        const holders = Object.keys(held[pattern(name)] ?? {});
        // A session that has chosen the database keeps its rights.
        return [...revokeAll(held, name), ...holders.map((holder) => `KILL USER ${holder};`)];
      }),
    );
  },

  async dropOne(machine, name) {
    // The server drops the tables, but cannot remove the directory, which is in one of root's; so it fails at its end.
    await sql(machine, [`DROP DATABASE \`${name}\`;`]);
    const target = machine.layout.at(join(`/srv/accounts/${name.slice(1).split("_")[0]}/mariadb`, name));
    const left = existsSync(target) ? readdirSync(target).filter((file) => file !== "db.opt") : [];
    if (left.length > 0) return { status: 1, stdout: "", stderr: `${target} still has ${left[0]}` };
    machine.disk.remove(machine.layout.at(join(data, name)));
    machine.disk.remove(target);
    return { status: 0, stdout: "", stderr: "" };
  },

  async drop(machine, user) {
    const { users } = await present(machine);
    const like = `SHOW DATABASES LIKE '${pattern(user)}\\_%';`;
    const own = await sql(machine, [like]);
    if (own.status !== 0) return own;
    for (const name of own.stdout.split("\n").filter(Boolean)) {
      const dropped = await mariadb.dropOne(machine, name);
      if (dropped.status !== 0) return dropped;
    }
    return sql(machine, users[user] === undefined ? [like] : [`DROP USER ${quoted(user)};`]);
  },

  async listed(machine, user) {
    const { status, stdout, stderr } = await sql(machine, [`SHOW DATABASES LIKE '${pattern(user)}\\_%';`]);
    if (status !== 0) throw new ApplyError(`MariaDB does not answer: ${stderr.trim()}`);
    const known = stdout.split("\n").filter(Boolean);
    const directory = machine.layout.at(`/srv/accounts/${user.slice(1)}/mariadb`);
    const there = existsSync(directory) ? readdirSync(directory) : [];
    const unknown = there.find((name) => !known.includes(name));
    if (unknown === undefined) return known;
    throw new ApplyError(
      `${join(directory, unknown)} is no database that MariaDB knows: declare it, or remove it if nobody needs it`,
    );
  },

  // The one method that every driver has and the server's own program brings. SHA-1 is enough for a password of 256 bits.
  verifier(password) {
    const once = createHash("sha1").update(password).digest();
    return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
  },

  async isEmpty(machine, database) {
    const { status, stdout, stderr } = await sql(machine, [
      `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${database}';`,
    ]);
    if (status !== 0) throw new ApplyError(`MariaDB does not answer: ${stderr.trim()}`);
    return stdout.trim() === "0";
  },

  restore: {
    command: (database) => [
      "mariadb",
      ...["--no-defaults", "--default-character-set=utf8mb4", "--batch"],
      // The sandbox of a transient unit has no record of its user.
      ...[`--user=${database.split("_")[0]}`, database],
    ],
    // Who restores a view, trigger or routine that names its maker must be that one. The text of a row begins no line: the dump escapes its line ends.
    nameless: (user) => `s/^(\\/\\*!50013 )DEFINER=${quotedNames(user)} /\\1/
      s/^(\\/\\*!50003 CREATE\\*\\/ )\\/\\*!50017 DEFINER=${quotedNames(user)}\\*\\/ /\\1/
      s/^CREATE DEFINER=${quotedNames(user)} /CREATE /`,
    // Statements that make or drop a table end the transaction before them.
    afterFailure: "may have some tables of the dump and some of before",
  },

  dump: (database) => [
    "mariadb-dump",
    ...common,
    ...["--single-transaction", "--quick", "--routines", "--triggers", "--hex-blob", "--default-character-set=utf8mb4"],
    database,
  ],
};

/** Takes the rights of everybody, or of everybody else. A holder is named as a statement names it. */
function revokeAll(held: Present["rights"], database: string, but?: string): readonly string[] {
  const on = `ON \`${pattern(database)}\`.*`;
  const holders = Object.keys(held[pattern(database)] ?? {}).filter((holder) => holder !== but);
  return holders.flatMap((holder) => [
    `REVOKE GRANT OPTION ${on} FROM ${holder};`,
    `REVOKE ALL PRIVILEGES ${on} FROM ${holder};`,
  ]);
}

/** As a dump writes it. */
const quotedNames = (user: string) => `\`${user}\`@\`localhost\``;
