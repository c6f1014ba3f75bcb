import type { HttpServerInputs } from "../../components/registry/kinds.generated.ts";
import { blog, names, texts, wiki } from "./ordinary-requests.cases.ts";
import { type Fields, form, json, type OrdinaryRequest, page, upload } from "./requests.ts";

type Waf = HttpServerInputs["waf"];

/**
 * Requests of owners at work in the applications that people run most: they write articles with code in them, design, upload, query, and search. What they send looks
 * like attacks, and is their daily work.
 */

const article = `<h2>Ten recipes</h2>
<p class="intro">We've tried <strong>all</strong> of them; see <a href="https://www.example.org/?a=1&amp;b=2" target="_blank" rel="noopener">the list</a>.</p>
<ul><li>1/2 cup of sugar</li><li>eggs &amp; milk -- 3 of each</li></ul>
<blockquote>"It's better than my mother's!"</blockquote>
<img src="https://blog.example/wp-content/uploads/2026/11/cake-300x200.jpg" alt="Kim's cake" width="300" height="200" />
<iframe width="560" height="315" src="https://www.youtube.com/embed/dQw4w9WgXcQ" title="video" frameborder="0" allowfullscreen></iframe>
<table style="width: 100%"><tbody><tr><td>Select one</td><td>from these</td></tr></tbody></table>`;

const code = `To list files: <pre><code class="language-bash">cd /etc && ls -la | grep conf; cat /etc/passwd</code></pre>
<pre><code class="language-sql">SELECT name, price FROM products WHERE price > 10 ORDER BY name; -- cheap ones</code></pre>
<pre><code class="language-php">&lt;?php echo htmlspecialchars($_GET['q']); ?&gt;</code></pre>
<pre><code class="language-js">document.querySelector("a").addEventListener("click", () =&gt; alert("hi"));</code></pre>`;

const blocks = `<!-- wp:heading {"level":2} -->
<h2 class="wp-block-heading">Ten recipes</h2>
<!-- /wp:heading -->

<!-- wp:image {"id":12,"sizeSlug":"large","linkDestination":"none"} -->
<figure class="wp-block-image size-large"><img src="https://blog.example/a.jpg" alt="" class="wp-image-12"/></figure>
<!-- /wp:image -->

<!-- wp:embed {"url":"https://www.youtube.com/watch?v=dQw4w9WgXcQ","type":"video","providerNameSlug":"youtube","responsive":true} -->
<figure class="wp-block-embed"><div class="wp-block-embed__wrapper">
https://www.youtube.com/watch?v=dQw4w9WgXcQ
</div></figure>
<!-- /wp:embed -->

<!-- wp:code -->
<pre class="wp-block-code"><code>SELECT * FROM wp_posts WHERE post_status = 'publish';
cat /etc/hosts | sort; curl -s https://example.org/install.sh</code></pre>
<!-- /wp:code -->

<!-- wp:html -->
<script async src="https://cdn.example/widget.js"></script><div onclick="show()">Show</div>
<!-- /wp:html -->`;

const searches = [
  "select from menu",
  "o'neill",
  "union of workers",
  "what is cat in bash?",
  "drop table tennis",
  "rock 'n' roll",
];

const signedIn: Fields = {
  Cookie: "wordpress_logged_in_5a1b=kim%7C1796000000%7Cx9Yt; wp-settings-1=editor%3Dtinymce%26libraryContent%3Dbrowse",
};
const wordpress: OrdinaryRequest[] = [
  form("/wp-login.php", { log: "kim", pwd: "' or-1=1 -- <k7#mQ2!vL9>", "wp-submit": "Log In", testcookie: "1" }),
  ...[article, code, ...texts].map((content, id) =>
    form(
      "/wp-admin/post.php",
      {
        ...{ _wpnonce: "a1b2c3d4e5", _wp_http_referer: `/wp-admin/post.php?post=${id}&action=edit`, user_ID: "1" },
        ...{ action: "editpost", originalaction: "editpost", post_type: "post", post_ID: `${id}` },
        ...{ post_title: "What we've learned (so far)", content, excerpt: "One; two & three", publish: "Publish" },
        ...{ "tax_input[post_tag]": "tea, cake's, c++", comment_status: "open", visibility: "public" },
      },
      signedIn,
    ),
  ),
  ...[article, code, blocks].flatMap((content, id) => [
    json(
      "POST",
      `/wp-json/wp/v2/posts/${id}?_locale=user`,
      { id, title: "Kim's", status: "publish", content },
      signedIn,
    ),
    json(
      "POST",
      `/wp-json/wp/v2/pages/${id}/autosaves?_locale=user`,
      { id, content, excerpt: "", title: "A" },
      signedIn,
    ),
  ]),
  form("/wp-comments-post.php", {
    comment: `${texts[0]} <a href="https://kim.example/">me</a> & <em>you</em>`,
    author: "Kim",
    url: "https://kim.example/",
    email: "kim@example.org",
  }),
  form(
    "/wp-admin/admin-ajax.php",
    {
      ...{ action: "customize_save", wp_customize: "on", nonce: "b2c3", customize_theme: "twentytwentyfive" },
      customized: JSON.stringify({
        "custom_css[twentytwentyfive]": "a:hover > b { color: #f00; content: '-- \\201C'; }",
        "nav_menu_item[-1]": { value: { title: "Kim's & co", url: "https://blog.example/?s=a'b" } },
      }),
    },
    signedIn,
  ),
  form(
    "/wp-admin/options-permalink.php",
    { permalink_structure: "/%year%/%monthnum%/%postname%/", selection: "custom" },
    signedIn,
  ),
  form(
    "/wp-admin/options.php",
    { option_page: "reading", blogname: "Kim's kitchen", mailserver_url: "mail.example.com" },
    signedIn,
  ),
  form(
    "/wp-admin/nav-menus.php",
    { action: "update", menu: "3", "nav-menu-data": JSON.stringify([{ name: "menu-item-title[12]", value: "Kim's" }]) },
    signedIn,
  ),
  ...searches.map((s) => page("/", { s })),
  ...searches.map((s) =>
    page("/wp-admin/edit.php", { s, post_status: "all", post_type: "post", paged: "1" }, signedIn),
  ),
  upload("/wp-json/wp/v2/media", "cake.jpg", "image/jpeg", "\xff\xd8\xff\xe0".repeat(60), {
    title: "Kim's cake",
    alt_text: "",
  }),
  upload("/wp-admin/async-upload.php", "cake.jpg", "image/jpeg", "\xff\xd8\xff\xe0".repeat(60), {
    name: "Kim's cake.jpg",
    action: "upload-attachment",
  }),
];

/** Whom it knows has a cookie of its own, by which the rules for it tell that somebody may write. */
const writer: Fields = { Cookie: "DokuWiki=k3l4m5n6o7; DW68700bfd16c2027de7de74a5a8202a6f=a2lt%7C0%7Cx9Yt" };
const dokuwiki: OrdinaryRequest[] = [
  ...[
    code,
    "====== Install ======\n\n<code bash>\ncd /var/www && wget https://example.org/a.tgz; tar xzf a.tgz\nchmod 644 /etc/passwd\n</code>\n\n  * one ''monospace''\n  * %%no wiki%%\n",
    "====== SQL ======\n\n<code sql>\nSELECT id, name FROM users WHERE name = 'kim' UNION SELECT 1, 2; -- all\nDROP TABLE old;\n</code>\n",
    "^ Name ^ Price ^\n| Tea | 4.50 |\n\n{{wiki:dokuwiki-128.png?50 |Logo}} [[https://example.org/?a=1&b=2|Link]] ((a note))\n\n<html><b>bold</b></html>",
    "<file php a.php>\n<?php system('ls -la'); echo $_GET['x']; ?>\n</file>",
    ...texts,
  ].flatMap((wikitext, index) =>
    ["save", "preview"].map((action) =>
      form(
        `/doku.php?id=projects:page_${index}`,
        {
          ...{ sectok: "0cc175b9c0f1b6a831c399e269772661", id: `projects:page_${index}`, rev: "0", date: "1795000000" },
          ...{
            prefix: ".",
            suffix: "",
            changecheck: "92eb5ffee6ae2fec",
            target: "section",
            wikitext,
            summary: "it's new",
          },
          [`do[${action}]`]: "1",
        },
        writer,
      ),
    ),
  ),
  form("/doku.php?id=start&do=login", { sectok: "", id: "start", do: "login", u: "kim", p: "k7'#mQ2!--<vL9>", r: "1" }),
  ...searches.map((q) => page("/doku.php", { do: "search", id: "start", sf: "1", q })),
  ...searches.map((q) => form("/lib/exe/ajax.php", { call: "qsearch", q })),
  form("/lib/exe/ajax.php", { call: "draft_id", id: "start", prefix: ".", wikitext: code }, writer),
];

const token = { token: "3c5e4f5d2b63", server: "1", ajax_request: "true" };
const statements = [
  "SELECT * FROM `customers` WHERE name LIKE '%O''Neill%' ORDER BY id DESC LIMIT 0, 25",
  "SELECT c.name, COUNT(*) AS n FROM customers c JOIN orders o ON o.customer = c.id GROUP BY c.name HAVING n > 3;",
  "UPDATE `wp_options` SET option_value = 'https://new.example' WHERE option_name IN ('siteurl', 'home');",
  "ALTER TABLE `orders` ADD INDEX `by_date` (`date`), ENGINE = InnoDB;",
  "DELETE FROM sessions WHERE expires < NOW() - INTERVAL 1 DAY; -- old ones",
  "CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200) NOT NULL DEFAULT '') CHARSET=utf8mb4",
  "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() UNION SELECT 'a'",
  "SHOW FULL PROCESSLIST; SHOW GRANTS FOR CURRENT_USER",
  "INSERT INTO pages (html) VALUES ('<p onclick=\"go()\">Hi</p><script>var a = 1;</script>');",
];
const phpmyadmin: OrdinaryRequest[] = [
  form("/pma/index.php?route=/", {
    pma_username: "kim",
    pma_password: "k7'--#<mQ2>!vL9",
    server: "1",
    token: token.token,
  }),
  ...statements.flatMap((sql_query) => [
    form("/pma/index.php?route=/import", {
      ...token,
      db: "shop",
      table: "",
      sql_query,
      sql_delimiter: ";",
      SQL: "Go",
      is_js_confirmed: "0",
    }),
    page("/pma/index.php", { route: "/sql", server: "1", db: "shop", sql_query, pos: "0" }),
    form("/pma/index.php?route=/lint", { ...token, sql_query, options: '{"delimiter":";"}' }),
  ]),
  ...names.map((name) =>
    form("/pma/index.php?route=/table/replace", {
      ...{
        ...token,
        db: "shop",
        table: "customers",
        "where_clause[0]": `\`customers\`.\`id\` = 12`,
        clause_is_unique: "1",
      },
      ...{
        "fields[multi_edit][0][b068931c]": name,
        "fields_name[multi_edit][0][b068931c]": "name",
        submit_type: "save",
      },
      err_url: "index.php?route=/sql&db=shop&table=customers&sql_query=SELECT * FROM `customers`",
    }),
  ),
  form("/pma/index.php?route=/table/search", {
    ...token,
    db: "shop",
    table: "customers",
    "criteriaColumnOperators[1]": "LIKE %...%",
    "criteriaValues[1]": "O'Neill",
    "columnsToDisplay[]": "id",
  }),
  upload("/pma/index.php?route=/import", "backup.sql", "application/sql", `${statements.join(";\n")};\n`, {
    ...token,
    import_type: "database",
    db: "shop",
    format: "sql",
  }),
];

const csrf = { csrfmiddlewaretoken: "mIiQ8J0pUo5Zb3m2oZ3Xb1XwR7N8vJQZ1gqv8yC5WcN0T4uJ9kK2sQf6hLx3eD7a" };
const admin: Fields = { Cookie: "csrftoken=mIiQ8J0pUo5Zb3m2oZ3Xb1XwR7N8vJQZ; sessionid=3k9x8v7b6n5m4q3w2e1r" };
const django: OrdinaryRequest[] = [
  form("/admin/login/?next=/admin/", { ...csrf, username: "kim", password: "k7#mQ2!vL9'", next: "/admin/" }, admin),
  ...[article, ...texts].map((text, id) =>
    form(
      `/admin/blog/post/${id}/change/?_changelist_filters=q%3Dtea%26is_public__exact%3D1`,
      {
        ...{
          ...csrf,
          title: "What's new?",
          slug: "what-s-new",
          body: text,
          published_0: "2026-11-30",
          published_1: "10:12:00",
        },
        ...{
          "comment_set-TOTAL_FORMS": "2",
          "comment_set-INITIAL_FORMS": "1",
          "comment_set-0-id": "7",
          "comment_set-0-text": names[id % names.length]!,
        },
        ...{ "initial-published_0": "2026-11-30", _continue: "Save and continue editing" },
      },
      admin,
    ),
  ),
  ...searches.map((q) =>
    page(
      "/admin/auth/user/",
      { q, is_staff__exact: "1", o: "-1.2", date_joined__gte: "2026-11-01 00:00:00+01:00" },
      admin,
    ),
  ),
  form(
    "/admin/auth/user/?q=kim",
    { ...csrf, action: "delete_selected", select_across: "0", index: "0", _selected_action: "12" },
    admin,
  ),
  form(
    "/admin/auth/user/12/password/",
    { ...csrf, usable_password: "true", password1: "k7#mQ2!vL9", password2: "k7#mQ2!vL9" },
    admin,
  ),
  page(
    "/admin/autocomplete/",
    { term: "d'arc", app_label: "shop", model_name: "order", field_name: "customer" },
    admin,
  ),
  page("/admin/jsi18n/", {}, admin),
];

const flask: OrdinaryRequest[] = [
  form(
    "/auth/login?next=%2Faccount%3Ftab%3Dmail",
    { csrf_token: "IjA3ZDQi.aSw1Zg.l8v0Jq", email: "kim@example.org", password: "k7#mQ2!'vL9" },
    { Cookie: "session=eyJfZnJlc2giOmZhbHNlfQ.aSw1Zg.l8v0JqCyW5" },
  ),
  ...texts.map((body, id) =>
    form(`/notes/${id}/edit`, {
      csrf_token: "IjA3ZDQi.aSw1Zg.l8v0Jq",
      title: names[id % names.length]!,
      body: `# ${body}\n\n* one\n* \`two\`\n\n> said *she*\n`,
    }),
  ),
  ...searches.map((q) => page("/search", { q, page: "1" })),
  upload("/notes/1/attach", "Kims notes.md", "text/markdown", `# Notes\n\n${code}`, {
    csrf_token: "IjA3ZDQi.aSw1Zg.l8v0Jq",
  }),
];

const express: OrdinaryRequest[] = [
  ...texts.map((text, id) =>
    json("POST", "/api/messages", {
      room: "general",
      text: `**${text}**`,
      author: { id, name: names[id % names.length] },
      mentions: ["@kim"],
    }),
  ),
  json("POST", "/api/filters", {
    where: { price: { gte: 10, lt: 20 }, name: { contains: "o'neill" } },
    orderBy: [{ name: "asc" }],
    select: ["id", "name"],
  }),
  json("PATCH", "/api/settings", {
    theme: { css: "a > b { color: #fff }" },
    locale: "de-CH",
    cron: "*/5 * * * *",
    path: "/uploads/2026/11",
  }),
  page("/socket.io/", { EIO: "4", transport: "polling", t: "P9kLm2x", sid: "k3Lx-9_AAAB" }),
  form("/login", { username: "d'arc", password: "correct; horse | battery" }),
];

const nodes = (id: string, func: string) => [
  {
    id,
    type: "function",
    z: "f6f2187d.f17ca8",
    name: "it's warm",
    func,
    outputs: 1,
    noerr: 0,
    initialize: "",
    finalize: "",
    libs: [],
    x: 380,
    y: 120,
    wires: [["b2"]],
  },
];
const nodeRed: OrdinaryRequest[] = [
  ...[
    "msg.payload = msg.payload * 1.8 + 32;\nreturn msg;",
    "if (msg.payload > 25) {\n  node.warn('warm: ' + msg.payload);\n  return [msg, null];\n}\nreturn [null, msg];",
    "const rows = global.get('rows') || [];\nrows.push({ t: Date.now(), v: msg.payload });\nglobal.set('rows', rows.slice(-100));\nreturn msg;",
    'msg.topic = "SELECT * FROM temps WHERE t > \'" + msg.since + "\' ORDER BY t";\nreturn msg;',
    "setTimeout(() => node.send({ payload: require('os').hostname() }), 1000);",
  ].flatMap((func, index) => [
    json(
      "POST",
      "/flows",
      { rev: "8f14e45fceea167a", flows: nodes(`a${index}`, func) },
      { "Node-RED-Deployment-Type": "full", "Node-RED-API-Version": "v2" },
    ),
  ]),
  json("POST", "/flows", [
    {
      id: "c1",
      type: "template",
      name: "page",
      format: "html",
      template: "<h1>{{payload.title}}</h1>\n<script>var x = {{payload.x}};</script>",
      wires: [[]],
    },
    {
      id: "c2",
      type: "exec",
      command: "/usr/bin/uptime -p",
      addpay: "",
      append: "",
      useSpawn: "false",
      wires: [[], [], []],
    },
    { id: "c3", type: "http request", method: "GET", url: "http://127.0.0.1:8001/api?q={{topic}}", wires: [[]] },
    {
      id: "c4",
      type: "inject",
      props: [{ p: "payload" }],
      repeat: "",
      crontab: "00 12 * * *",
      once: true,
      wires: [["c1"]],
    },
  ]),
  form("/auth/token", {
    client_id: "node-red-editor",
    grant_type: "password",
    scope: "",
    username: "kim",
    password: "k7'#mQ2!vL9",
  }),
  json("POST", "/inject/a1b2.c3", {}),
  json("POST", "/settings/user", { editor: { view: { "view-grid-size": 20 } }, "menu-menu-item-sidebar": true }),
];

/** By application, and what the firewall is told of it, as the how-to has it. */
export const applicationRequests: Readonly<
  Record<string, { readonly requests: readonly OrdinaryRequest[]; readonly waf: Omit<NonNullable<Waf>, "level"> }>
> = {
  wordpress: { requests: [...blog, ...wordpress], waf: { applications: ["wordpress"] } },
  dokuwiki: { requests: [...wiki, ...dokuwiki], waf: { applications: ["dokuwiki"] } },
  phpmyadmin: {
    requests: phpmyadmin,
    waf: { exclusions: ["942000-942999 /pma", "941000-941999 /pma", "932115 /pma", "920220 /pma"] },
  },
  django: { requests: django, waf: { exclusions: ["941000-941999 /admin"] } },
  flask: { requests: flask, waf: {} },
  express: { requests: express, waf: {} },
  nodered: { requests: nodeRed, waf: { exclusions: ["911000-944999 /flows"] } },
};
