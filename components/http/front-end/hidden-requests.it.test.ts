import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";

/** Nothing that a visitor sends over HTTP/2 is read as two requests by a server, which gets it as HTTP/1.1. Each server writes down the paths that it is asked for. */
const node = `require("node:http").createServer((asked, answer) => {
  require("node:fs").appendFileSync("node.seen", asked.url + "\\n");
  asked.resume().on("end", () => answer.end("ok"));
}).listen(process.env.PORT);
`;
const wsgi = `def app(environ, start_response):
    with open("wsgi.seen", "a") as file:
        file.write(environ["PATH_INFO"] + "\\n")
    environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"ok"]
`;
const php = `<?php file_put_contents(__DIR__ . "/../php.seen", $_SERVER["REQUEST_URI"] . "\\n", FILE_APPEND); echo "ok";`;
const common = { environment: {}, idleSeconds: 300, directory: "." } as const;
const servers: readonly FixtureServer[] = [
  { kind: "node", name: "node", main: "take.js", arguments: [], nodeOptions: [], ...common },
  { kind: "python", name: "wsgi", workers: 1, threads: 8, interface: "wsgi", application: "wsgi:app", ...common },
  {
    kind: "php",
    name: "php",
    root: "php",
    fallback: "index.php",
    workers: 4,
    ini: {},
    environment: {},
    idleSeconds: 300,
  },
];
const names = servers.map(({ name }) => name);

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind("hidden-requests", servers, { "take.js": node, "wsgi.py": wsgi, "php/index.php": php });
  // HTTP/2 without certificates.
  await kind.sh(
    "cd /var/lib/fairhost/current/nginx && sed -i 's/ default_server;/ default_server;\\n    http2 on;/' nginx.conf && systemctl reload nginx; sleep 1",
  );
  const program = readFileSync(join(import.meta.dirname, "hidden-requests.py"));
  await kind.host.writeFile("/root/hidden-requests.py", program);
  for (const name of names) expect((await kind.get(name, "/first")).status).toBe(200);
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test("no request hides in another one's body or headers, and whoever comes next is answered", async () => {
  const sites = names.map((name) => `${name}.alice.test`).join(" ");
  const { asked, failed } = JSON.parse(await kind.sh(`python3 /root/hidden-requests.py ${sites}`));
  expect(failed).toEqual([]);
  for (const name of names) {
    const seen = (await kind.sh(`cat /srv/accounts/1/home/${name}.seen`)).trim().split("\n");
    expect(new Set(seen), name).toEqual(new Set(["/first", "/", "/after", "/next"]));
    expect(seen.filter((path) => path === "/next")).toHaveLength(asked / names.length);
    // What comes as two requests is written down as such.
    const two = `POST / HTTP/1.1\\r\\nHost: ${name}.alice.test\\r\\nContent-Length: 0\\r\\n\\r\\nGET /smuggled HTTP/1.1\\r\\nHost: ${name}.alice.test\\r\\nConnection: close\\r\\n\\r\\n`;
    await kind.sh(`printf '${two}' | timeout 20 bash -c 'exec 3<>/dev/tcp/::1/80; cat >&3; cat <&3'`);
    expect(await kind.sh(`cat /srv/accounts/1/home/${name}.seen`), name).toMatch(/^\/smuggled$/m);
  }
});
