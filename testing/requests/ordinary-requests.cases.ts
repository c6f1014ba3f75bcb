import { form, json, type OrdinaryRequest, page, upload } from "./requests.ts";

/** Requests of visitors and owners of ordinary web sites, as browsers and programs send them. A web application firewall is to let all pass. */

/** What people write. */
export const texts = [
  "Thank you for the quick delivery, we are very happy!",
  "Is the table still available? I could fetch it on Saturday (morning or afternoon).",
  "O'Brien & Sons; since 1898 - the best tea in Galway",
  "Grüezi, ich hätte gern 3 Stück à 4.50 CHF. Merci!",
  "Price: 100 % wool, 50/50 shipping -- see terms",
  "Who can select the best wine from the list of 2019?",
  "We'll meet at 8:30, or not at all; please update me.",
  "Drop me a line at kim@example.org or call +41 44 123 45 67.",
  "1) Flour, 2) eggs, 3) milk... and = patience",
  '"It\'s raining again", she said & closed the window.',
  "Schöne Grüße aus Zürich – bis bald!",
  "日本語のテキストも大丈夫ですか？",
  "Το κείμενο είναι στα ελληνικά.",
  "Line one\nLine two\n\n- a list\n- of things\n",
  "Rock 'n' roll is here to stay",
  "Where is the union of both groups, and who likes whom?",
];
const terms = [
  "tea",
  "red wine 2019",
  "c++ course",
  "AT&T",
  "rock 'n' roll",
  "50%",
  "what is life?",
  "père noël",
  "a+b=c",
  '"exact words"',
];
export const names = [
  "Kim O'Neill",
  "Zoë Müller-Lüdenscheidt",
  "Jean d'Arc",
  "李小龍",
  "Anna-Maria & Co.",
  "Dr. S. van der Berg",
];

/** A shop and a contact form. */
const shop: OrdinaryRequest[] = [
  ...[
    "/",
    "/index.html",
    "/robots.txt",
    "/favicon.ico",
    "/assets/app.3f9a.js",
    "/images/photo%20of%20us.jpg",
    "/produkte/t%C3%BCren",
    "/blog/2026/11/how-we-started/",
    "/.well-known/security.txt",
    "/feed.xml",
    "/sitemap.xml",
    "/impressum",
  ].map((path) => page(path)),
  ...terms.map((term) => page("/search", { q: term, page: "2", sort: "price-asc" })),
  ...[
    "utm_source=news&utm_medium=mail&utm_campaign=black+friday",
    "gclid=EAIaIQobChMI-9_x4Y3V8gIVk-F3Ch0b&fbclid=IwAR0x_Zb-3",
    "lang=de_CH",
    "filter[color]=red&filter[size]=xl&filter[]=new",
    "date=2026-11-27T10:00:00%2B01:00",
    "bbox=8.5,47.3,8.6,47.4&zoom=12",
  ].map((words) => page(`/list?${words}`)),
  ...texts.map((message, index) =>
    form("/contact", {
      name: names[index % names.length]!,
      email: "kim.o-neill+shop@example.org",
      subject: "A question",
      message,
    }),
  ),
  ...names.map((name) =>
    form("/checkout", {
      name,
      street: "Rue de l'Église 12 bis",
      zip: "8001",
      city: "Zürich",
      country: "CH",
      phone: "+41 (0)44 123 45 67",
      vat: "CHE-123.456.789",
      agree: "on",
    }),
  ),
  form("/login", { email: "kim@example.org", password: "correct horse battery staple", remember: "1" }),
  form("/login", { email: "kim@example.org", password: "Tr0ub4dor&3!x", remember: "1" }),
  form("/register", {
    email: "o'neill@example.org",
    password: "k7#mQ2!vL9",
    password_confirm: "k7#mQ2!vL9",
    newsletter: "0",
  }),
  page(
    "/account",
    {},
    { Cookie: "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=%7B%22ads%22%3Afalse%7D" },
  ),
  page("/account", {}, { Cookie: "_ga=GA1.2.1234567890.1700000000; cart=eyJpdGVtcyI6W3siaWQiOjEyLCJuIjoxfV19" }),
  page("/oauth/callback", { code: "4/0AX4XfWh-abc_DEF", state: "f3a9c1", scope: "openid email" }),
  page("/reset", { token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl" }),
];

/** An API and what a page's program sends to it. */
const api: OrdinaryRequest[] = [
  ...texts.map((text, index) =>
    json("POST", "/api/comments", { postId: index, author: names[index % names.length], text }),
  ),
  ...names.map((name, id) =>
    json("PUT", `/api/customers/${id}`, { name, tags: ["new", "b2b"], active: true, limit: 1500.5, note: null }),
  ),
  ...[1, 2, 3].map((id) => json("PATCH", `/api/orders/${id}`, { status: "sent", tracking: "99.00.123456.12345678" })),
  ...[1, 2].map((id) => json("DELETE", `/api/orders/${id}`, {})),
  json("POST", "/graphql", {
    query: "query Posts($first: Int!) { posts(first: $first) { id title author { name } } }",
    variables: { first: 10 },
  }),
  json("POST", "/graphql", { query: "mutation { addToCart(id: 12, count: 1) { total } }" }),
  json("POST", "/api/track", {
    event: "page_view",
    url: "https://shop.example/list?sort=price",
    referrer: "https://www.example.org/",
    screen: [1920, 1080],
    t: 1_795_000_000,
  }),
  json("POST", "/api/geo", {
    type: "FeatureCollection",
    features: [
      { type: "Feature", geometry: { type: "Point", coordinates: [8.54, 47.37] }, properties: { name: "Zürich HB" } },
    ],
  }),
  json(
    "POST",
    "/api/webhook",
    { id: "evt_1", type: "invoice.paid", data: { object: { amount: 4200, currency: "chf" } } },
    { "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)" },
  ),
  json("POST", "/api/login", { username: "kim", password: "p4ss-word'with quote" }),
  page(
    "/api/items",
    { fields: "id,name,price", include: "author,comments", limit: "50", offset: "100" },
    { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  ),
  page(
    "/api/items",
    { since: "2026-11-01T00:00:00Z", order: "-created" },
    {
      Authorization: "Bearer eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IQ7pAx_Zmeo",
      Accept: "application/json",
    },
  ),
];

const files: OrdinaryRequest[] = [
  upload("/upload", "photo.jpg", "image/jpeg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01".repeat(50)),
  upload(
    "/upload",
    "Rechnung Nr. 12 (Kopie).pdf",
    "application/pdf",
    `%PDF-1.7\n${"1 0 obj << /Type /Catalog >> endobj\n".repeat(20)}`,
    { title: "Rechnung", year: "2026" },
  ),
  upload("/upload", "list.csv", "text/csv", "name;city\nO'Neill;Zürich\n".repeat(30)),
  upload("/upload", "notes.txt", "text/plain", texts.join("\n")),
  upload(
    "/upload",
    "logo.svg",
    "image/svg+xml",
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>',
  ),
  upload("/upload", "page.html", "text/html", "<!doctype html><title>Hello</title><p>Hello</p>"),
  upload("/upload", "app.js", "text/javascript", "document.querySelector('a').onclick = () => alert(1);"),
  upload("/upload", "backup.tar.gz", "application/gzip", "\x1f\x8b\x08\x00".repeat(100), {
    comment: "weekly; all of it",
  }),
  upload(
    "/upload",
    "Müller & Co.docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "PK\x03\x04".repeat(40),
  ),
  upload("/upload", "song.mp3", "audio/mpeg", "ID3\x04\x00".repeat(80)),
];

/** A blog's administration, like WordPress's. */
const signedIn = {
  Cookie: "wordpress_logged_in_5a1b=kim%7C1796000000%7Cx9Yt; wp-settings-1=editor%3Dhtml%26libraryContent%3Dbrowse",
};
export const blog: OrdinaryRequest[] = [
  form("/wp-login.php", {
    log: "kim",
    pwd: "k7#mQ2!vL9",
    "wp-submit": "Log In",
    redirect_to: "https://blog.example/wp-admin/",
    testcookie: "1",
  }),
  ...[
    "/wp-admin/",
    "/wp-admin/edit.php",
    "/wp-admin/upload.php",
    "/wp-admin/plugins.php",
    "/wp-admin/options-general.php",
    "/wp-admin/users.php",
    "/wp-admin/site-health.php",
    "/wp-admin/theme-install.php",
  ].map((path) => page(path, {}, signedIn)),
  page(
    "/wp-admin/edit.php",
    { post_status: "all", post_type: "post", s: "summer", paged: "1", _wpnonce: "a1b2c3d4e5" },
    signedIn,
  ),
  page(
    "/wp-admin/load-scripts.php",
    { c: "1", "load[chunk_0]": "jquery-core,jquery-migrate,utils,moxiejs", ver: "6.8" },
    signedIn,
  ),
  form(
    "/wp-admin/admin-ajax.php",
    { action: "heartbeat", _nonce: "c3d4e5f6", interval: "60", screen_id: "dashboard", has_focus: "true" },
    signedIn,
  ),
  form(
    "/wp-admin/admin-ajax.php",
    { action: "sample-permalink", post_id: "12", new_title: "What we've learned", samplepermalinknonce: "0f1e2d" },
    signedIn,
  ),
  form(
    "/wp-admin/options.php",
    {
      option_page: "general",
      action: "update",
      blogname: "Kim's kitchen",
      blogdescription: "Cooking & more",
      siteurl: "https://blog.example",
      home: "https://blog.example",
      admin_email: "kim@example.org",
      timezone_string: "Europe/Zurich",
      date_format: "F j, Y",
      time_format: "H:i",
    },
    signedIn,
  ),
  form(
    "/wp-admin/user-new.php",
    {
      action: "createuser",
      user_login: "anna",
      email: "anna@example.org",
      first_name: "Anna",
      last_name: "D'Angelo",
      role: "editor",
    },
    signedIn,
  ),
  ...texts.map((comment) =>
    form("/wp-comments-post.php", {
      comment,
      author: "Kim",
      email: "kim@example.org",
      url: "https://kim.example/",
      submit: "Post Comment",
      comment_post_ID: "12",
      comment_parent: "0",
    }),
  ),
  ...texts.slice(0, 12).map((text, id) =>
    json(
      "POST",
      `/wp-json/wp/v2/posts/${id}?_locale=user`,
      {
        id,
        title: `Post ${id}`,
        status: "publish",
        content: `<!-- wp:paragraph -->\n<p>${text}</p>\n<!-- /wp:paragraph -->`,
      },
      { ...signedIn, "X-WP-Nonce": "d4e5f6a7b8" },
    ),
  ),
  page("/wp-json/wp/v2/types/post", { context: "edit", _locale: "user" }, signedIn),
  upload("/wp-admin/async-upload.php", "summer.jpg", "image/jpeg", "\xff\xd8\xff\xe0".repeat(60), {
    name: "summer.jpg",
    action: "upload-attachment",
    _wpnonce: "e5f6a7b8c9",
  }),
  page("/wp-cron.php", { doing_wp_cron: "1795000000.1234560394287109375000" }),
];

/** A wiki, like DokuWiki. */
export const wiki: OrdinaryRequest[] = [
  ...["start", "wiki:syntax", "projects:2026:plan", "playground:playground"].flatMap((id) => [
    page("/doku.php", { id }),
    page("/doku.php", { id, do: "edit" }),
    page("/doku.php", { id, do: "revisions" }),
  ]),
  page("/doku.php", { id: "start", do: "search", q: "tea OR coffee" }),
  page("/lib/exe/css.php", { t: "dokuwiki", tseed: "a94a8fe5ccb19ba61c4c0873d391e987" }),
  page("/lib/exe/fetch.php", { w: "400", tok: "5f2a1c", media: "wiki:dokuwiki-128.png" }),
  ...texts.map((text, index) =>
    form(`/doku.php?id=notes:${index}`, {
      sectok: "0cc175b9c0f1b6a831c399e269772661",
      id: `notes:${index}`,
      rev: "0",
      date: "1795000000",
      prefix: ".",
      suffix: "",
      changecheck: "92eb5ffee6ae2fec3ad71c777531578f",
      target: "section",
      wikitext: `====== Notes ${index} ======\n\n${text}\n\n  * one\n  * **two**\n\n[[wiki:syntax|Syntax]] and https://www.example.org/\n`,
      "do[save]": "1",
      summary: "edited",
    }),
  ),
  form("/lib/exe/ajax.php", { call: "suggestions", q: "syn" }),
  form("/doku.php?id=start&do=admin", {
    do: "admin",
    page: "config",
    sectok: "0cc175b9",
    "config[title]": "Kim's wiki",
    "config[lang]": "en",
    "config[license]": "cc-by-sa",
    "config[useacl]": "1",
  }),
];

/** The administration of a database, like phpMyAdmin: what it sends without statements of SQL. */
const database: OrdinaryRequest[] = [
  ...[
    "/pma/",
    "/pma/index.php",
    "/pma/themes/pmahomme/css/theme.css?v=5.2.2&nocache=4017ltr",
    "/pma/js/messages.php?l=en&v=5.2.2",
  ].map((path) => page(path)),
  form("/pma/index.php?route=/", {
    set_session: "k3l4",
    pma_username: "kim",
    pma_password: "k7#mQ2!vL9",
    server: "1",
    route: "/",
    lang: "en",
    token: "3c5e4f5d2b63",
  }),
  ...["/server/databases", "/server/status", "/server/variables", "/server/export", "/preferences/manage"].map(
    (route) => page("/pma/index.php", { route, server: "1", lang: "en" }),
  ),
  page("/pma/index.php", { route: "/database/structure", server: "1", db: "shop" }),
  page("/pma/index.php", { route: "/sql", server: "1", db: "shop", table: "customers", pos: "0" }),
  page("/pma/index.php", { route: "/table/structure", server: "1", db: "shop", table: "customers" }),
  form("/pma/index.php?route=/navigation&ajax_request=1", {
    server: "1",
    aPath: "cm9vdA==.c2hvcA==",
    vPath: "cm9vdA==.c2hvcA==",
    pos: "0",
    token: "3c5e4f5d2b63",
  }),
  ...names.map((name) =>
    form("/pma/index.php?route=/table/replace", {
      db: "shop",
      table: "customers",
      server: "1",
      token: "3c5e4f5d2b63",
      insert_rows: "2",
      "fields[multi_edit][0][0]": "",
      "fields[multi_edit][0][1]": name,
      "fields_type[multi_edit][0][1]": "varchar",
      submit_type: "save",
      after_insert: "back",
    }),
  ),
];

export const ordinaryRequests: readonly OrdinaryRequest[] = [...shop, ...api, ...files, ...database];

/** Rules that a site of these kinds excludes, as the how-to has them: queries in braces. */
export const ordinaryExclusions = ["932100 /graphql"];
