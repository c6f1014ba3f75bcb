import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import { servers as kinds } from "./servers.generated.ts";

/** A body whose length nobody has said (chunks of HTTP/1.1, HTTP/2) arrives whole, whatever server it goes to and whatever stands before that; or its visitor is told that it did not. */
const node = `const { createHash } = require("node:crypto");
require("node:http").createServer((asked, answer) => {
  const sum = createHash("sha256");
  let got = 0;
  asked.on("data", (data) => ((got += data.length), sum.update(data))).on("end", () => answer.end(got + " " + sum.digest("hex")));
}).listen(Number(process.env.PORT));
`;
const wsgi = `import hashlib
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"%d %s" % (len(body), hashlib.sha256(body).hexdigest().encode())]
`;
const asgi = `import hashlib
async def app(scope, receive, send):
    if scope["type"] != "http": return
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] != "http.request": return
        body, more = body + event["body"], event.get("more_body")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d %s" % (len(body), hashlib.sha256(body).hexdigest().encode())})
`;
const php = `<?php
if (isset($_FILES["file"])) echo $_FILES["file"]["size"], " ", hash_file("sha256", $_FILES["file"]["tmp_name"]);
else { $body = file_get_contents("php://input"); echo strlen($body), " ", hash("sha256", $body); }
`;
const common = { environment: {}, idleSeconds: 300, directory: "app" } as const;
const python = { ...common, kind: "python", workers: 1, threads: 8 } as const;
const application = (name: string): Extract<FixtureServer, { kind: "php" }> => ({
  ...({ kind: "php", name, root: "php", fallback: "index.php", workers: 4, ini: {}, environment: {} } as const),
  idleSeconds: 300,
});
const waf = { level: "strong" } as const;
const servers: readonly FixtureServer[] = [
  { kind: "node", name: "node", main: "take.js", arguments: [], nodeOptions: [], ...common },
  { kind: "program", name: "program", command: ["/usr/bin/node", "take.js"], socketActivation: false, ...common },
  { ...python, name: "wsgi", interface: "wsgi", application: "wsgi:app" },
  { ...python, name: "asgi", interface: "asgi", application: "asgi:app" },
  application("php"),
  { ...application("php-cache"), cache: true },
  { ...application("php-firewall"), waf },
  { ...application("php-both"), waf, cache: true },
  { kind: "proxy", name: "proxy", to: "http://127.0.0.1:8002", keepHost: false, idleSeconds: 300 },
  { kind: "static", name: "static", root: "php", idleSeconds: 300 },
  {
    kind: "redirect",
    name: "redirect",
    to: "http://program.alice.test",
    status: 308,
    keepPath: true,
    idleSeconds: 300,
  },
];
/** What servers that take no body say to everybody who sends one. */
const takesNone: Readonly<Record<string, number>> = { static: 404, redirect: 308 };

const ways = {
  "in chunks": "--http1.1 -H 'Transfer-Encoding: chunked' -T -",
  "in chunks that come apart": "--http1.1 --limit-rate 400000 -H 'Transfer-Encoding: chunked' -T -",
  "over HTTP/2": "--http2-prior-knowledge -T -",
} as const;
/** Apache keeps 16 KiB in memory. */
const sizes = [3, 20_000, 100_000];
const large = 20_000_000;
const cases = servers.flatMap(({ name }) =>
  Object.keys(ways).flatMap((way) => sizes.map((bytes) => [name, way as keyof typeof ways, bytes] as const)),
);

/** Text of JSON, which a firewall that reads bodies finds nothing in. */
const bodyOf = (bytes: number) => `"${"b".repeat(bytes - 2)}"`;
const said = (bytes: number) => `${bytes} ${createHash("sha256").update(bodyOf(bytes)).digest("hex")} 200`;

let kind: KindHost;
const ask = (name: string, words: string) =>
  kind.sh(`curl -sS -g --max-time 60 -w ' %{http_code}' ${words} -H 'Host: ${name}.alice.test' 'http://[::1]/take'`);

beforeAll(async () => {
  kind = await bootKind("no-length", servers, {
    ...{ "app/wsgi.py": wsgi, "app/asgi.py": asgi, "app/take.js": node, "php/index.php": php },
  });
  // HTTP/2 without certificates.
  await kind.sh(
    `cd /var/lib/fairhost/current/nginx && sed -i 's/ default_server;/ default_server;\\n    http2 on;/' nginx.conf && systemctl reload nginx
until curl -s -o /dev/null --http2-prior-knowledge http://[::1]/; do sleep 0.2; done`,
  );
  for (const bytes of [...sizes, large]) {
    await kind.host.writeFile(`/root/${bytes}`, bodyOf(bytes));
  }
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test("no kind of server is left out", () => {
  expect([...new Set(servers.map((server) => server.kind))].sort()).toEqual(Object.keys(kinds).sort());
});

test.each(cases)("%s: a body %s of %i bytes arrives whole", async (name, way, bytes) => {
  const answer = await ask(name, `${ways[way]} -X POST -H 'Content-Type: application/json' </root/${bytes}`);
  if (takesNone[name]) expect(answer).toMatch(new RegExp(` ${takesNone[name]}$`));
  else expect(answer).toBe(said(bytes));
});

test.each(["php", "php-cache", "php-firewall"])("%s: a large file of a form in chunks", async (name) => {
  const answer = await ask(name, `-H 'Transfer-Encoding: chunked' -F file=@/root/${large}`);
  expect(answer).toBe(said(large));
  expect(await kind.sh("find /srv/accounts/1/home/.cache/fairhost/*/upload -type f")).toBe("");
});
