import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { join } from "node:path";
import { socketDirectory, tcpGroup } from "../../../delivery/protocol/databases.ts";
import type { Machine, RunResult } from "../machine.ts";
import { connectionsOf, noAnswer, passwordState, type Server, type Share, wrongOn } from "./database-server.ts";

/** The server's own default. */
const iterations = 4096;

const programs = "/usr/lib/postgresql/17/bin";

/** As its administrator, over the socket to which only that one and root can bind. `-X`: no file in a home is read. */
const asAdministrator = (program: string, ...args: readonly string[]): readonly [string, ...string[]] => [
  "setpriv",
  ...["--reuid=postgres", "--regid=postgres", "--clear-groups", "--no-new-privs", "--"],
  join(programs, program),
  `--host=${socketDirectory("postgresql")}`,
  ...args,
];

/** Runs statements one after the other and stops at the first error. `\connect` goes to another database. */
function psql({ run }: Machine, statements: string): Promise<RunResult> {
  const options = ["-X", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname=postgres"];
  const args = [`PGOPTIONS=${sessions}`, ...asAdministrator("psql", ...options)];
  return run("env", args, { input: statements, timeout: 300_000 });
}

/** A lock that a session of an account holds must not stop the apply, and a psql that is killed leaves nothing that waits. */
const sessions = "-c lock_timeout=20s -c statement_timeout=240s -c client_connection_check_interval=5s";

/** Only users in the group may come over TCP (pg_hba.conf). They can neither use it nor hand it on. */
const isOverTcp = ({ verifier }: Share) => verifier !== undefined;
const usable = "(admin_option OR inherit_option OR set_option)";

/** What the server has of accounts. A state is one line of text, compared with the one that is wanted. */
interface Present {
  readonly users: Readonly<Record<string, string>>;
  readonly databases: Readonly<Record<string, string>>;
  /** The server's own databases that everybody may connect to, and fill beside all disk limits. */
  readonly shared: readonly string[];
}

/** Of a user: login, connections, more rights than an account has, roles that it is a member of (`+`: may use or hand them on), its password. */
const question = `SELECT json_build_object(
  'users', (SELECT coalesce(json_object_agg(rolname, format('%s %s %s %s %s', rolcanlogin, rolconnlimit,
      rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,
      coalesce((SELECT string_agg(pg_get_userbyid(roleid) || CASE WHEN ${usable} THEN '+' ELSE '' END, ',') FROM pg_auth_members
        WHERE member = r.oid), 'none'),
      coalesce(left(encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex'), 16), 'none'))), '{}') FROM pg_authid r WHERE rolname ~ '^a[0-9]+$'),
  'databases', (SELECT coalesce(json_object_agg(datname, format('%s %s %s %s', pg_get_userbyid(datdba), t.spcname, datconnlimit, datacl)), '{}')
      FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname ~ '^a[0-9]+_'),
  'shared', (SELECT coalesce(json_agg(datname), '[]') FROM pg_database
      WHERE datname !~ '^a[0-9]+_' AND datallowconn AND has_database_privilege('public', oid, 'CONNECT')));
`;

const closedUser = /^f 0 f none /;
const userState = (share: Share) =>
  `t ${connectionsOf(share)} f ${isOverTcp(share) ? tcpGroup : "none"} ${passwordState(share)}`;
const administratorsRights = "postgres=CTc/postgres";
const closed = new RegExp(`^postgres \\S+ 0 \\{${administratorsRights}\\}$`);
const databaseState = (user: string, connections: number) =>
  `postgres ${user} ${connections} {${administratorsRights},${user}=CTc/postgres}`;

async function present(machine: Machine): Promise<Present> {
  const result = await psql(machine, question);
  if (result.status !== 0) throw noAnswer("PostgreSQL", "postgresql", result);
  return JSON.parse(result.stdout) as Present;
}

/**
 * PostgreSQL. Databases belong to the administrator, so that an account can change neither their limits nor their names; it owns what is
 * in them, and may install trusted extensions. Limits are set last: that they are right says that all before was done.
 */
export const postgresql: Server = {
  async wrong(machine, shares) {
    const { users, databases, shared } = await present(machine);
    const compared = shares.flatMap((share) => [
      { group: share.group, what: share.user, is: users[share.user], wanted: userState(share) },
      ...share.databases.map(({ name, connections }) => {
        return { group: share.group, what: name, is: databases[name], wanted: databaseState(share.user, connections) };
      }),
    ]);
    const open = [
      ...Object.keys(users).filter((user) => !closedUser.test(users[user]!)),
      ...Object.keys(databases).filter((name) => !closed.test(databases[name]!)),
    ];
    return [
      ...wrongOn("PostgreSQL", compared, open),
      ...shared.map((what) => ({
        group: "host" as const,
        what,
        message: `PostgreSQL lets every user connect to ${what}; nobody should`,
      })),
    ];
  },

  async arrange(machine, share) {
    const result = await set(machine, share);
    if (result.status === 0 || !result.stderr.includes("lock timeout")) return result;
    // A session of its own holds what is to be set.
    const { databases } = await present(machine);
    const own = ownOf(share.user, databases);
    const shut = await psql(machine, [...own.map(full), endSessions("usename", share.user)].join("\n"));
    return shut.status === 0 ? set(machine, share) : shut;
  },

  close: async (machine, names) => {
    const there = await present(machine);
    const users = names.filter((name) => name in there.users);
    const databases = names.filter((name) => !users.includes(name));
    // Databases first: then no new session can hold what says that a user may log in.
    const statements = [
      ...databases.flatMap((name) => [full(name), endSessions("datname", name), ...revokeAll(name)]),
      ...users.flatMap((name) => [
        endSessions("usename", name),
        `ALTER ROLE ${name} NOLOGIN CONNECTION LIMIT 0;`,
        leaveGroups(name, "true"),
      ]),
    ];
    return psql(machine, statements.join("\n"));
  },

  async drop(machine, user) {
    const { databases, users } = await present(machine);
    const own = ownOf(user, databases);
    return psql(
      machine,
      [
        ...own.map((name) => `DROP DATABASE ${name} WITH (FORCE);`),
        `DROP TABLESPACE IF EXISTS ${user};`,
        ...(user in users ? [`DROP ROLE ${user};`] : []),
      ].join("\n"),
    );
  },

  dropOne: (machine, name) => psql(machine, `DROP DATABASE IF EXISTS ${name} WITH (FORCE);`),

  async listed(machine, user) {
    const { databases } = await present(machine);
    return ownOf(user, databases);
  },

  // SCRAM-SHA-256 (RFC 5803), as the server itself writes it. The password has 256 bits, so the salt can follow from the user.
  verifier(password, user) {
    const salt = createHash("sha256").update(`fairhost/${user}`).digest().subarray(0, 16);
    const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
    const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
    const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
    const server = hmac("Server Key").toString("base64");
    return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${server}`;
  },

  async isEmpty(machine, database) {
    // Where the account may make functions of any name, only the server's own count.
    const question = `\\connect ${database}
SET search_path = '';
SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relnamespace NOT IN
  (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema', 'pg_toast'));`;
    const result = await psql(machine, question);
    if (result.status !== 0) throw noAnswer("PostgreSQL", "postgresql", result);
    return result.stdout.trim() === "0";
  },

  restore: {
    command: (database) => [
      join(programs, "pg_restore"),
      ...["--clean", "--if-exists", "--no-owner", "--single-transaction"],
      // The sandbox of a transient unit has no record of its user.
      ...[`--username=${database.split("_")[0]}`, `--dbname=${database}`],
    ],
    afterFailure: "is as it was",
  },

  // With what it sets by itself in the session, pg_dump runs no function of the database's owner (restrict_nonsystem_relation_kind, search_path).
  dump: (database) =>
    asAdministrator("pg_dump", "--format=custom", "--lock-wait-timeout=60000", `--dbname=${database}`),
};

/** Makes what is missing or wrong. The user is first: whatever becomes of a database, a password that the account has set is repaired. */
async function set(machine: Machine, share: Share): Promise<RunResult> {
  const { user, directory } = share;
  const there = await present(machine);
  const password = share.verifier === undefined ? "NULL" : `'${share.verifier}'`;
  const ofUser = [
    ...(user in there.users ? [] : [`CREATE ROLE ${user};`]),
    ...(there.users[user] === userState(share)
      ? []
      : [
          `ALTER ROLE ${user} LOGIN CONNECTION LIMIT ${connectionsOf(share)} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS PASSWORD ${password};`,
          leaveGroups(user, isOverTcp(share) ? `pg_get_userbyid(roleid) <> '${tcpGroup}' OR ${usable}` : "true"),
          ...(isOverTcp(share) ? joinGroup(user) : []),
        ]),
  ];
  const wrong = share.databases.filter(
    ({ name, connections }) => there.databases[name] !== databaseState(user, connections),
  );
  const userSet = await psql(machine, ofUser.join("\n"));
  if (userSet.status !== 0 || wrong.length === 0) return userSet;
  const tablespace = join(directory, "postgresql");
  // In a directory of root's: no account can put a symlink there. The account's disk limit holds for all below it.
  const own = ["-o", "postgres", "-g", "postgres"];
  const made = await machine.run("install", ["-d", "-m", "0700", ...own, "--", tablespace]);
  if (made.status !== 0) return made;
  const statements = [
    `SELECT 'CREATE TABLESPACE ${user} LOCATION ''${tablespace}''' WHERE NOT EXISTS (SELECT FROM pg_tablespace WHERE spcname = '${user}') \\gexec`,
    ...wrong.flatMap(({ name, connections }) => [
      ...(name in there.databases ? [] : [createDatabase(name, user)]),
      `ALTER DATABASE ${name} OWNER TO postgres;`,
      ...revokeAll(name),
      `GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${name} TO ${user};`,
      `\\connect ${name}`,
      // The account may have dropped it.
      `SELECT 'ALTER SCHEMA public OWNER TO ${user}' FROM pg_namespace WHERE nspname = 'public' AND pg_get_userbyid(nspowner) <> '${user}' \\gexec`,
      "\\connect postgres",
      `ALTER DATABASE ${name} CONNECTION LIMIT ${connections};`,
    ]),
  ];
  return psql(machine, statements.join("\n"));
}

/** @param which memberships, as a condition */
const leaveGroups = (user: string, which: string) =>
  `SELECT format('REVOKE %I FROM ${user} GRANTED BY %I CASCADE', pg_get_userbyid(roleid), pg_get_userbyid(grantor)) FROM pg_auth_members
    WHERE pg_get_userbyid(member) = '${user}' AND (${which}) \\gexec`;

const joinGroup = (user: string): readonly string[] => [
  `SELECT 'CREATE ROLE ${tcpGroup}' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${tcpGroup}') \\gexec`,
  `SELECT 'GRANT ${tcpGroup} TO ${user} WITH ADMIN FALSE, INHERIT FALSE, SET FALSE' WHERE NOT EXISTS (SELECT FROM pg_auth_members
    WHERE pg_get_userbyid(member) = '${user}') \\gexec`,
];

/** Databases of a user, declared or not. */
const ownOf = (user: string, databases: Present["databases"]) =>
  Object.keys(databases).filter((name) => name.startsWith(`${user}_`));

/** No new session of anybody but the administrator. */
const full = (database: string) => `ALTER DATABASE ${database} CONNECTION LIMIT 0;`;

/** Each has five seconds. */
const endSessions = (column: "datname" | "usename", name: string) =>
  `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE ${column} = '${name}' AND pid <> pg_backend_pid();`;

/** Text in any language sorts the same on every host and in every release: the server's own rules, not those of the C library. */
function createDatabase(name: string, user: string): string {
  return `CREATE DATABASE ${name} TEMPLATE template0 TABLESPACE ${user} CONNECTION LIMIT 0;`;
}

/** Takes the rights of everybody but the administrator. */
function revokeAll(database: string): readonly string[] {
  return [
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC;`,
    `SELECT format('REVOKE ALL ON DATABASE ${database} FROM %I', rolname) FROM pg_roles WHERE oid IN
      (SELECT grantee FROM pg_database, aclexplode(datacl) WHERE datname = '${database}' AND grantee <> datdba) \\gexec`,
  ];
}
