import { browser, contains, form, found, upload, type Visitor } from "./visitor.ts";

/** Debian's packages of phpMyAdmin; the second keeps it from setting up a database of the host's own. */
export const phpMyAdminPackages: readonly string[] = ["phpmyadmin", "dbconfig-no-thanks"];

const file = `CREATE TABLE places (name VARCHAR(100), people INT);
INSERT INTO places VALUES ('Paris', 2100000), ('Oslo', 700000);
`;

/**
 * Logs in to phpMyAdmin as the account's own user, makes a table by its form, imports a file, exports the database, and finds all of it after a rest, still logged in.
 * @throws with what was seen instead
 */
export async function visitPhpMyAdmin({ user, get, python, rest }: Visitor): Promise<void> {
  const kim = browser("phpmyadmin");
  const [db, token] = [`${user}_own`, /name="token" value="([^"]+)"/];
  const start = await get("/index.php?route=/", 200, ...kim);
  const login = {
    ...{ pma_username: user, pma_password: "any", server: "1", token: found(start, token), route: "/" },
    set_session: found(start, /name="set_session" value="([^"]+)"/),
  };
  await get("/index.php?route=/", 302, ...kim, ...form(login));
  const page = await get("/index.php?route=/", 200, ...kim);
  contains(page, `${user}@localhost`);
  // Of another package, by symlinks inside the package.
  contains(await get("/js/vendor/jquery/jquery.min.js"), "jQuery");
  const now = { db, token: found(page, token) };

  const column = {
    ...{ "field_name[0]": "word", "field_type[0]": "VARCHAR", "field_length[0]": "50", "field_attribute[0]": "" },
    ...{ "field_default_type[0]": "NONE", "field_default_value[0]": "", tbl_storage_engine: "MyISAM" },
  };
  const indexes = ["primary", "unique", "fulltext", "spatial"].map((kind) => [`${kind}_indexes`, "[]"]);
  const table = {
    ...{ ...now, ...column, ...Object.fromEntries(indexes), indexes: "[]", table: "words", orig_num_fields: "1" },
    ...{ do_save_data: "1", ajax_request: "1" },
  };
  contains(await get("/index.php?route=/table/create", 200, ...kim, ...form(table)), '"success":true');

  await python(`open("/root/places.sql", "w").write("""${file}""")`);
  const sent = {
    ...now,
    import_type: "database",
    format: "sql",
    charset_of_file: "utf-8",
    sql_compatibility: "NONE",
    import_file: "@/root/places.sql",
  };
  contains(await get("/index.php?route=/import", 200, ...kim, ...upload(sent)), "2 queries executed");

  await rest();
  contains(await get(`/index.php?route=/database/structure&db=${db}`, 200, ...kim), "places");
  const exported = {
    ...{ ...now, export_type: "database", export_method: "quick", quick_or_custom: "quick", what: "sql" },
    ...{ output_format: "sendit", filename_template: "@DATABASE@", compression: "none", charset: "utf-8" },
    ...{ sql_structure_or_data: "structure_and_data", sql_compatibility: "NONE", sql_type: "INSERT" },
    ...{ sql_insert_syntax: "both", sql_max_query_size: "50000", sql_create_table: "something" },
    ...{ "table_select[]": "places", "table_structure[]": "places", "table_data[]": "places" },
  };
  const dump = await get("/index.php?route=/export", 200, ...kim, ...form(exported));
  contains(dump, "('Oslo', 700000)");
}
