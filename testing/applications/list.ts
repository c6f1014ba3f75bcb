import { type FixtureServer, programServer } from "../fixtures/bundle-fixture.ts";
import { djangoFiles, setUpDjango, visitDjango } from "./django.ts";
import { visitDokuWiki } from "./dokuwiki.ts";
import { phpMyAdminPackages, visitPhpMyAdmin } from "./phpmyadmin.ts";
import { setUpPocketBase, visitPocketBase } from "./pocketbase.ts";
import { comms, express, kernel, nextStream } from "./scripts.ts";
import { contains, upload, type Visitor, words } from "./visitor.ts";
import { unpackWordPress, visitWordPress, wordpressPackages } from "./wordpress.ts";

/** Where an application comes from: packages of the registry that its users take it from. */
export type Source =
  | { readonly registry: "npm" | "pypi" | "debian"; readonly packages: readonly string[] }
  | { readonly registry: "go"; readonly packages: readonly [string]; readonly program: string };

/** An application that people run, as its authors publish it. */
export interface Application {
  /** Name of its account and server. */
  readonly name: string;
  readonly from: Source;
  /** By paths inside the home: its data and settings. */
  readonly files?: Readonly<Record<string, string>>;
  /** Run in its directory before it is copied to the home, as its users do: with Node.js, or Python for packages of PyPI. */
  readonly build?: readonly string[];
  readonly server: FixtureServer;
  /** Command of root, on the host, that puts files of Debian's packages into the home, whose path it is given. */
  readonly unpack?: (home: string) => string;
  /** Command of the account, in its home, as its owner gives over SSH. */
  readonly setUp?: string;
  /** Whether its account has a database of MariaDB. */
  readonly database?: boolean;
  /** What its visit shows of what not every application has: what is uploaded, and what is streamed; for PHP also what its `.htaccess` does. `none` with a reason if it has no such thing. */
  readonly shows?: Readonly<Record<(typeof ownVerbs)[number], string>>;
  /** Whether it does what people run it for. @throws with what was seen instead */
  visit(visitor: Visitor): Promise<void>;
}

/** What applications have or have not; the others are tried of each (`everyVerb`). */
export const ownVerbs = ["upload", "stream", ".htaccess"] as const;

const node = (name: string, main: string, words: readonly string[] = [], environment = {}): FixtureServer => ({
  ...{ kind: "node" as const, name, main, arguments: words, nodeOptions: [] },
  ...{ directory: ".", environment, idleSeconds: 300 },
});
/** A tool of Python, with options in which `$PORT` stands for the port. */
const module = (name: string, words: string): FixtureServer =>
  programServer(name, ["/bin/sh", "-c", `exec venv/bin/python3 -m ${words}`]);

const noPhp = "none: not PHP";
/** An application of PHP. */
const php = (name: string, more: object = {}): FixtureServer => ({
  ...({ kind: "php", name, root: name, fallback: "index.php", workers: 4, ini: {}, environment: {} } as const),
  ...{ idleSeconds: 300, ...more },
});
/** Django behind HTTPS: with Debian's gunicorn, in an environment of its own. */
const django = (name: string, called: "wsgi" | "asgi"): Application => ({
  name,
  from: { registry: "pypi", packages: ["django", "whitenoise"] },
  files: djangoFiles,
  setUp: setUpDjango("venv/bin/python3"),
  server: {
    ...({ kind: "python", name, application: `mysite.${called}:application`, interface: called } as const),
    ...{ virtualenv: "venv", workers: 2, threads: 4, directory: ".", idleSeconds: 300, https: true },
    environment: { SITE: `${name}.${name}.test` },
  },
  shows: { upload: "4 MB, and read again", stream: "events, each at once", ".htaccess": noPhp },
  visit: visitDjango,
});

const page = "<!doctype html><title>Own page</title><p>Hello";
const www = { "www/index.html": page };

export const applications: readonly Application[] = [
  {
    name: "nodered",
    // The newest for Debian's Node.js.
    from: { registry: "npm", packages: ["node-red@4"] },
    server: node("nodered", "node_modules/node-red/red.js"),
    async visit({ get, python }) {
      contains(await get("/"), "Node-RED");
      const flow = [
        { id: "t", type: "tab", label: "t" },
        { id: "i", type: "http in", z: "t", url: "/made", method: "get", wires: [["f"]] },
        { id: "f", type: "function", z: "t", func: 'msg.payload = "made " + 6 * 7; return msg;', wires: [["o"]] },
        { id: "o", type: "http response", z: "t", wires: [] },
        { id: "u", type: "http in", z: "t", url: "/sent", method: "post", upload: true, wires: [["s"]] },
        {
          id: "s",
          type: "function",
          z: "t",
          func: 'msg.payload = "got " + msg.req.files[0].size; return msg;',
          wires: [["o"]],
        },
      ];
      await get("/flows", 204, "-H", "Content-Type: application/json", "-d", JSON.stringify(flow));
      // It answers before the flow runs.
      contains(
        await get("/made", 200, "--fail", "--retry", "20", "--retry-delay", "1", "--retry-all-errors"),
        "made 42",
      );
      await python(words);
      contains(await get("/sent", 200, ...upload({ file: "@/root/words.txt" })), "got 3500000");
      contains(await python(comms), "hb");
    },
    shows: { upload: "3.5 MB to a flow", stream: "the WebSocket of its editor", ".htaccess": noPhp },
  },
  {
    name: "verdaccio",
    // Newer ones ask for Node.js 22.
    from: { registry: "npm", packages: ["verdaccio@6.0.5"] },
    server: node("verdaccio", "node_modules/verdaccio/bin/verdaccio"),
    async visit({ get }) {
      contains(await get("/"), "Verdaccio");
      const user = { name: "alice", password: "a long password", type: "user" };
      const json = ["-H", "Content-Type: application/json", "-X", "PUT", "-d", JSON.stringify(user)];
      const { token } = JSON.parse(await get("/-/user/org.couchdb.user:alice", 201, ...json)) as { token: string };
      contains(await get("/-/whoami", 200, "-H", `Authorization: Bearer ${token}`), "alice");
    },
  },
  {
    name: "httpbin",
    from: { registry: "pypi", packages: ["httpbin", "gunicorn"] },
    server: module("httpbin", "gunicorn --bind 127.0.0.1:$PORT httpbin:app"),
    async visit({ get }) {
      contains(await get("/get?a=b"), '"a": "b"');
      contains(await get("/drip?numbytes=3&duration=1"), "***");
      await get("/status/418", 418);
    },
  },
  {
    name: "httpbinkind",
    from: { registry: "pypi", packages: ["httpbin"] },
    server: {
      ...({ kind: "python", name: "httpbinkind", application: "httpbin:app", interface: "wsgi" } as const),
      ...{ virtualenv: "venv", workers: 2, threads: 4, directory: ".", environment: {}, idleSeconds: 300 },
    },
    async visit({ get, python }) {
      contains(await get("/post", 200, "-d", "field=value"), '"field": "value"');
      await python(words);
      contains(await get("/post", 200, ...upload({ file: "@/root/words.txt" })), "a word ".repeat(500_000));
      contains(await get("/drip?numbytes=3&duration=1"), "***");
    },
    shows: { upload: "3.5 MB by a form", stream: "an answer that drips", ".htaccess": noPhp },
  },
  {
    name: "datasette",
    from: { registry: "pypi", packages: ["datasette"] },
    build: [
      "-c",
      "import sqlite3; d = sqlite3.connect('own.db'); d.execute('create table places (name text)'); d.execute(\"insert into places values ('Paris')\"); d.commit()",
    ],
    server: module("datasette", "datasette serve --host 127.0.0.1 --port $PORT own.db"),
    async visit({ get }) {
      contains(await get("/own/places.json?_shape=array"), "Paris");
      contains(await get("/own/places"), "Paris");
    },
  },
  {
    name: "radicale",
    from: { registry: "pypi", packages: ["radicale"] },
    server: module(
      "radicale",
      "radicale --server-hosts 127.0.0.1:$PORT --auth-type none --storage-filesystem-folder collections",
    ),
    async visit({ get }) {
      const alice = ["-u", "alice:any"];
      await get("/alice/book/", 201, "-X", "MKCALENDAR", ...alice);
      const event =
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:Own event\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
      await get(
        "/alice/book/1.ics",
        201,
        ...alice,
        "-X",
        "PUT",
        "-H",
        "Content-Type: text/calendar",
        "--data-binary",
        event,
      );
      contains(await get("/alice/book/1.ics", 200, ...alice), "Own event");
      contains(await get("/.web/"), "Radicale");
    },
  },
  {
    name: "wsgidav",
    from: { registry: "pypi", packages: ["wsgidav", "cheroot"] },
    files: { "dav/there.txt": "there" },
    server: module("wsgidav", "wsgidav.server.server_cli --host 127.0.0.1 --port $PORT --root dav --auth anonymous"),
    async visit({ get }) {
      contains(await get("/there.txt"), "there");
      await get("/own.txt", 201, "-X", "PUT", "--data-binary", "own content");
      contains(await get("/own.txt"), "own content");
      contains(await get("/", 207, "-X", "PROPFIND", "-H", "Depth: 1"), "own.txt");
      await get("/moved.txt", 404);
      await get("/own.txt", 201, "-X", "MOVE", "-H", "Destination: http://wsgidav.wsgidav.test/moved.txt");
      contains(await get("/moved.txt"), "own content");
    },
  },
  {
    name: "jupyter",
    from: { registry: "pypi", packages: ["jupyter-server", "ipykernel"] },
    server: module(
      "jupyter",
      "jupyter_server --ServerApp.port=$PORT --no-browser --IdentityProvider.token= --ServerApp.allow_remote_access=True --ServerApp.disable_check_xsrf=True",
    ),
    async visit({ get, python }) {
      contains(await get("/api"), "version");
      contains(await python(kernel), "42");
    },
  },
  {
    name: "caddy",
    from: { registry: "go", packages: ["github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9"], program: "caddy" },
    files: { ...www, Caddyfile: ":{$PORT} {\n  root www\n  encode gzip\n  file_server browse\n}\n" },
    server: programServer("caddy", ["bin/caddy", "run", "--config", "Caddyfile"]),
    async visit({ get }) {
      contains(await get("/"), "Own page");
    },
  },
  {
    name: "pocketbase",
    from: {
      registry: "go",
      packages: ["github.com/pocketbase/pocketbase/examples/base@v0.30.0"],
      program: "base",
    },
    setUp: setUpPocketBase,
    server: programServer("pocketbase", ["/bin/sh", "-c", "exec bin/base serve --http 127.0.0.1:$PORT --dir data"]),
    shows: { upload: "3.5 MB into a record, and read again", stream: "its events", ".htaccess": noPhp },
    visit: visitPocketBase,
  },
  {
    name: "express",
    from: { registry: "npm", packages: ["express@5", "multer@2"] },
    files: { "app.js": express },
    server: node("express", "app.js"),
    async visit({ get, python }) {
      await python(words);
      contains(await get("/upload", 200, ...upload({ file: "@/root/words.txt" })), "3500000 http");
      contains(await get("/stream"), "data: 2");
      contains(await get("/missing", 404), "Cannot GET");
    },
    shows: { upload: "3.5 MB by a form", stream: "events", ".htaccess": noPhp },
  },
  {
    name: "next",
    from: { registry: "npm", packages: ["next@16", "react@19", "react-dom@19"] },
    files: {
      "app/layout.js":
        'export default function Layout({ children }) {\n  return <html lang="en"><body>{children}</body></html>;\n}\n',
      "app/upload/route.js":
        'export async function POST(request) {\n  return new Response("got " + (await request.formData()).get("file").size);\n}\n',
      "app/stream/route.js": nextStream,
      "app/page.js":
        'import { headers } from "next/headers";\nexport default async function Page() {\n  return <p>Hello from Next.js to {(await headers()).get("host")}</p>;\n}\n',
    },
    build: ["node_modules/next/dist/bin/next", "build"],
    server: node("next", "node_modules/next/dist/bin/next", ["start"]),
    async visit({ get, python }) {
      contains(await get("/"), "next.next.test");
      await get("/missing", 404);
      await python(words);
      contains(await get("/upload", 200, ...upload({ file: "@/root/words.txt" })), "got 3500000");
      contains(await get("/stream"), "data: 2");
    },
    shows: { upload: "3.5 MB by a form", stream: "events", ".htaccess": noPhp },
  },
  {
    name: "http-server",
    from: { registry: "npm", packages: ["http-server@14"] },
    files: www,
    server: node("http-server", "node_modules/http-server/bin/http-server", ["www"]),
    async visit({ get }) {
      contains(await get("/"), "Own page");
      await get("/missing", 404);
    },
  },
  {
    name: "serve",
    from: { registry: "npm", packages: ["serve@14"] },
    files: www,
    server: node("serve", "node_modules/serve/build/main.js", ["www"]),
    async visit({ get }) {
      contains(await get("/"), "Own page");
    },
  },
  {
    name: "dokuwiki",
    from: { registry: "debian", packages: ["dokuwiki"] },
    unpack: (home) => `cp -r /usr/share/dokuwiki ${home}`,
    server: php("dokuwiki"),
    visit: visitDokuWiki,
    shows: {
      upload: "3.5 MB of media, and read again",
      stream: "none: it has none",
      ".htaccess": "its own, refuses its directories",
    },
  },
  {
    name: "wordpress",
    from: { registry: "debian", packages: wordpressPackages },
    unpack: unpackWordPress,
    database: true,
    server: php("wordpress", { https: true }),
    shows: {
      upload: "a picture, with its smaller sizes",
      stream: "none: it has none",
      ".htaccess": "written by itself for permalinks",
    },
    visit: visitWordPress,
  },
  {
    name: "phpmyadmin",
    from: { registry: "debian", packages: phpMyAdminPackages },
    unpack: (home) => `ln -s /usr/share/phpmyadmin ${home}`,
    database: true,
    server: php("phpmyadmin", { https: true }),
    shows: { upload: "a file of SQL", stream: "none: it has none", ".htaccess": "none: Debian's has none" },
    visit: visitPhpMyAdmin,
  },
  django("django", "wsgi"),
  django("djangoasgi", "asgi"),
  {
    name: "java",
    from: { registry: "debian", packages: ["openjdk-21-jre-headless"] },
    files: www,
    server: programServer("java", ["/bin/sh", "-c", "exec java -m jdk.httpserver -b 127.0.0.1 -p $PORT -d $HOME/www"]),
    async visit({ get }) {
      contains(await get("/"), "Own page");
    },
  },
];
