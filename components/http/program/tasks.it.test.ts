import { afterAll, beforeAll, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import type { HttpServer, ServerKind } from "../kinds/server.ts";
import { servers as kinds } from "../kinds/servers.generated.ts";

/** What kinds say of the processes and threads of their servers, against what there was while all that they have was busy. */
const tasksMax = 128;
const wsgi = `import time
def app(environ, start_response):
    time.sleep(4)
    start_response("200 OK", [])
    return [b"slow"]
`;
const asgi = `import asyncio
async def app(scope, receive, send):
    if scope["type"] != "http": return
    await asyncio.sleep(4)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"slow"})
`;
const node = `require("node:http").createServer((_, answer) => {
  require("node:crypto").pbkdf2("a", "b", 1000, 64, "sha512", () => setTimeout(() => answer.end("slow"), 4000));
}).listen(process.env.PORT);
`;
const program = `import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.1)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;
const common = { environment: {}, idleSeconds: 300, directory: "app" } as const;
const python = { ...common, kind: "python", application: "slow:app", workers: 2, threads: 8 } as const;
/** Of each kind with a service: one that is missing does not compile. */
const serversOfKinds: Readonly<Record<Exclude<HttpServer["kind"], "redirect">, readonly FixtureServer[]>> = {
  static: [{ kind: "static", name: "static", root: "app", idleSeconds: 300 }],
  php: [
    {
      kind: "php",
      name: "php",
      root: "app",
      fallback: "index.php",
      workers: 16,
      ini: {},
      environment: {},
      idleSeconds: 300,
    },
  ],
  proxy: [{ kind: "proxy", name: "proxy", to: "http://127.0.0.1:8999", keepHost: false, idleSeconds: 300 }],
  node: [{ kind: "node", name: "node", main: "slow.js", arguments: [], nodeOptions: [], ...common }],
  program: [
    {
      kind: "program",
      name: "program",
      command: ["/usr/bin/python3", "program.py"],
      socketActivation: false,
      ...common,
    },
  ],
  python: [
    { ...python, name: "wsgi", interface: "wsgi" },
    { ...python, name: "asgi", interface: "asgi", application: "asynchronous:app" },
  ],
};
const servers = Object.values(serversOfKinds).flat();

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind(
    "tasks",
    servers,
    {
      ...{ "app/slow.py": wsgi, "app/asynchronous.py": asgi, "app/slow.js": node, "app/program.py": program },
      ...{ "app/index.php": "<?php sleep(4); echo 'slow';", "app/film.bin": new Uint8Array(50_000_000) },
    },
    {},
    { tasksMax },
  );
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test.each(servers.map((server) => [server.name, server] as const))(
  "%s: no more than its kind says, and not far from it",
  async (name, server) => {
    const socket = `/run/fairhost-http/account-1-http-${name}`;
    const path = server.kind === "static" ? "/film.bin" : "/";
    // To the server itself: nobody limits what one visitor may have. Whatever it answers, it was busy.
    const peak = Number(
      await kind.sh(`ask() { curl -s -o /dev/null --max-time 8 --unix-socket ${socket} http://localhost${path}; }
        ask
        touch /run/busy
        { for n in $(seq 64); do ask & done; wait; rm /run/busy; } &
        group=/sys/fs/cgroup$(systemctl show -P ControlGroup account-1-http-${name}.service) peak=0
        while [ -e /run/busy ]; do
          # The proxy resolves its address in threads: on a busy machine up to 16, which a quiet one never has.
          now=$(for process in $(cat $group/cgroup.procs); do
            grep -q systemd-socket /proc/$process/comm && most=5 || most=1000
            ls /proc/$process/task | head -n $most
          done 2>/dev/null | wc -l)
          [ $now -le $peak ] || peak=$now
          sleep 0.05
        done
        echo $peak`),
    );
    const said = (kinds[server.kind] as ServerKind).tasks!(server as unknown as HttpServer, tasksMax);
    console.info(`${name}: ${peak} tasks, ${said} said`);
    expect(peak).toBeLessThanOrEqual(said);
    expect(peak).toBeGreaterThan(said / 2);
    await kind.sh(`systemctl stop account-1-http-${name}.service`);
  },
);
