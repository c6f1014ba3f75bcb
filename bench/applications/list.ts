import { type FixtureServer, programServer } from "../../testing/fixtures/bundle-fixture.ts";

/** Where an application comes from: packages of the registry that its users take it from. */
export type Source =
  | { readonly registry: "npm" | "pypi" | "debian"; readonly packages: readonly string[] }
  | { readonly registry: "go"; readonly packages: readonly [string]; readonly program: string };

/** Asks an application through the front end. */
export interface Visitor {
  /** @returns the body @throws unless the status is as wanted (200) */
  get(path: string, wanted?: number, ...more: readonly string[]): Promise<string>;
  /** Runs a Python program beside the front end, with the site's name as its argument. @returns what it writes */
  python(program: string): Promise<string>;
}

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
  /** Directory of /usr/share that is copied into the home. */
  readonly share?: string;
  /** Whether it does what people run it for. @throws with what was seen instead */
  visit(visitor: Visitor): Promise<void>;
}

const node = (name: string, main: string, words: readonly string[] = [], environment = {}): FixtureServer => ({
  ...{ kind: "node" as const, name, main: `node_modules/${main}`, arguments: words, nodeOptions: [] },
  ...{ directory: ".", environment, idleSeconds: 300 },
});
/** A tool of Python, with options in which `$PORT` stands for the port. */
const module = (name: string, words: string): FixtureServer =>
  programServer(name, ["/bin/sh", "-c", `exec venv/bin/python3 -m ${words}`]);

function contains(text: string, word: string): void {
  if (!text.includes(word)) throw new Error(`${word} is not in: ${text.slice(0, 300)}`);
}

const page = "<!doctype html><title>Own page</title><p>Hello";
const www = { "www/index.html": page };

/** Starts a kernel, has it compute, and waits for the answer: the protocol of Jupyter over HTTP, a WebSocket and ZeroMQ. */
const kernel = `import asyncio, json, sys, urllib.request, uuid, websockets
name = sys.argv[1]
request = urllib.request.Request("http://[::1]/api/kernels", b"{}", {"Host": name, "Content-Type": "application/json"})
started = json.load(urllib.request.urlopen(request, timeout=60))["id"]
async def main():
    async with websockets.connect(f"ws://{name}/api/kernels/{started}/channels", host="::1", port=80, open_timeout=60) as socket:
        message = str(uuid.uuid4())
        header = {"msg_id": message, "username": "", "session": message, "msg_type": "execute_request", "version": "5.3"}
        content = {"code": "import sys; print(6 * 7, sys.prefix)", "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        await socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}))
        while True:
            answer = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if answer["parent_header"].get("msg_id") == message and answer["msg_type"] in ("stream", "error"):
                return print(answer["content"])
asyncio.run(main())`;

/** The event stream of PocketBase: its first event arrives while it goes on. */
const realtime = `import http.client, sys
connection = http.client.HTTPConnection("::1", 80, timeout=20)
connection.request("GET", "/api/realtime", headers={"Host": sys.argv[1]})
print(connection.getresponse().readline())`;

/** A WebSocket that Node-RED's editor opens. */
const comms = `import asyncio, sys, websockets
async def main():
    async with websockets.connect(f"ws://{sys.argv[1]}/comms", host="::1", port=80) as socket:
        print(await asyncio.wait_for(socket.recv(), 30))
asyncio.run(main())`;

export const applications: readonly Application[] = [
  {
    name: "nodered",
    // The newest for Debian's Node.js.
    from: { registry: "npm", packages: ["node-red@4"] },
    server: node("nodered", "node-red/red.js"),
    async visit({ get, python }) {
      contains(await get("/"), "Node-RED");
      const flow = [
        { id: "t", type: "tab", label: "t" },
        { id: "i", type: "http in", z: "t", url: "/made", method: "get", wires: [["f"]] },
        { id: "f", type: "function", z: "t", func: 'msg.payload = "made " + 6 * 7; return msg;', wires: [["o"]] },
        { id: "o", type: "http response", z: "t", wires: [] },
      ];
      await get("/flows", 204, "-H", "Content-Type: application/json", "-d", JSON.stringify(flow));
      contains(await get("/made"), "made 42");
      contains(await python(comms), "hb");
    },
  },
  {
    name: "verdaccio",
    // Newer ones ask for Node.js 22.
    from: { registry: "npm", packages: ["verdaccio@6.0.5"] },
    server: node("verdaccio", "verdaccio/bin/verdaccio"),
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
    async visit({ get }) {
      contains(await get("/post", 200, "-d", "field=value"), '"field": "value"');
    },
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
    server: programServer("pocketbase", ["/bin/sh", "-c", "exec bin/base serve --http 127.0.0.1:$PORT --dir data"]),
    async visit({ get, python }) {
      contains(await get("/api/health"), "API is healthy");
      contains(await get("/_/"), "PocketBase");
      contains(await python(realtime), "id:");
    },
  },
  {
    name: "next",
    from: { registry: "npm", packages: ["next@16", "react@19", "react-dom@19"] },
    files: {
      "app/layout.js":
        'export default function Layout({ children }) {\n  return <html lang="en"><body>{children}</body></html>;\n}\n',
      "app/page.js":
        'import { headers } from "next/headers";\nexport default async function Page() {\n  return <p>Hello from Next.js to {(await headers()).get("host")}</p>;\n}\n',
    },
    build: ["node_modules/next/dist/bin/next", "build"],
    server: node("next", "next/dist/bin/next", ["start"]),
    async visit({ get }) {
      contains(await get("/"), "next.next.test");
      await get("/missing", 404);
    },
  },
  {
    name: "http-server",
    from: { registry: "npm", packages: ["http-server@14"] },
    files: www,
    server: node("http-server", "http-server/bin/http-server", ["www"]),
    async visit({ get }) {
      contains(await get("/"), "Own page");
      await get("/missing", 404);
    },
  },
  {
    name: "serve",
    from: { registry: "npm", packages: ["serve@14"] },
    files: www,
    server: node("serve", "serve/build/main.js", ["www"]),
    async visit({ get }) {
      contains(await get("/"), "Own page");
    },
  },
  {
    name: "dokuwiki",
    from: { registry: "debian", packages: ["dokuwiki"] },
    share: "dokuwiki",
    server: {
      ...({ kind: "php", name: "dokuwiki", root: "dokuwiki", fallback: "index.php", workers: 4 } as const),
      ...{ ini: {}, environment: {}, idleSeconds: 300 },
    },
    async visit({ get }) {
      contains(await get("/doku.php?id=start&do=edit"), "DokuWiki");
      await get("/lib/exe/css.php");
    },
  },
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
