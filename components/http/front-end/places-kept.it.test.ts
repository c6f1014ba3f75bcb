import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";

/** Whatever happens to a request, its place is free again: a count that stays keeps a visitor out for good. */
const wsgi = `import os, time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(4)
    if path == "/cut":
        os._exit(1)
    environ["wsgi.input"].read()
    start_response("204 No Content" if path == "/empty" else "200 OK", [("X", "a" * (100_000 if path == "/broken" else 1))])
    return [b"quick"]
`;
const common = { application: "shop:app", directory: "python", environment: {}, idleSeconds: 300 } as const;

let kind: KindHost;
const sh = (command: string) => kind.sh(command);
const visitor = "fd00:9::1";

/** What is counted at this moment, of all processes and of each: one line a count. */
const counts = () => sh("curl -s --unix-socket /run/counts http://localhost/");
/** Requests at once in the background, of which as many as the share work and the rest waits. */
const ask = (count: number, path = "/slow") =>
  sh(
    `for n in $(seq ${count}); do curl -s -o /dev/null -g --interface ${visitor} -H 'Host: python.alice.test' 'http://[${visitor}]${path}' >/dev/null 2>&1 & done; sleep 1`,
  );
const processes = async () => (await sh("cat /proc/$(cat /run/nginx.pid)/task/*/children")).trim();

beforeAll(async () => {
  kind = await bootKind(
    "places-kept",
    [{ kind: "python", name: "python", interface: "wsgi", workers: 1, threads: 4, ...common }],
    { "python/shop.py": wsgi },
  );
  await sh(`ip -6 address add ${visitor}/128 dev lo nodad`);
  const program = join(import.meta.dirname, "../../../testing/programs/reset-streams.py");
  await kind.host.writeFile("/root/reset-streams.py", readFileSync(program));
  // The front end as it is, and a look at its memory; HTTP/2 without certificates.
  await kind.host.writeFile(
    "/root/counts.conf",
    `  server {
    listen unix:/run/counts;
    location / {
      content_by_lua_block {
        for _, key in ipairs(ngx.shared.places:get_keys(0)) do
          ngx.say((key:gsub(" unix.*", "")), " ", ngx.shared.places:get(key))
        end
      }
    }
    location /forget {
      content_by_lua_block {
        ngx.shared.places:flush_all()
        ngx.shared.places:flush_expired()
      }
    }
  }
}
`,
  );
  await sh(
    "cd /var/lib/fairhost/current/nginx && { sed '$d' nginx.conf | sed 's/ default_server;/ default_server;\\n    http2 on;/'; cat /root/counts.conf; } >new && mv new nginx.conf && systemctl reload nginx",
  );
  await sh("timeout 20 sh -c 'until curl -s --unix-socket /run/counts http://localhost/; do sleep 0.1; done'");
  expect(await kind.get("python")).toMatchObject({ status: 200, body: "quick" });
});
afterAll(() => kind?.[Symbol.asyncDispose]());

const allFree = () => expect.poll(counts, { timeout: 60_000, interval: 500 }).toBe("");

test("of answers of all sorts, and of requests that are refused", async () => {
  for (const [path, ...more] of [
    ["/"],
    ["/", "--head"],
    ["/empty"],
    ["/cut"],
    ["/broken"],
    ["/", "--data", "small"],
    ["/", "-H", "Expect: 100-continue", "--data", "small"],
    ["/", "-H", "Transfer-Encoding: chunked", "--data", "small"],
    ["/", "-H", "Upgrade: websocket", "-H", "Connection: upgrade"],
  ] as const)
    await kind.get("python", path, ...more);
  await allFree();
});

test("of more requests than may wait, whose visitor has gone", async () => {
  await sh(
    `timeout 3 curl --parallel --parallel-immediate --parallel-max 140 -s -H 'Host: python.alice.test' --interface ${visitor} 'http://\\[${visitor}\\]/slow?[1-140]' >/dev/null 2>&1 || true`,
  );
  expect(await counts()).toMatch(/^waiting \d+$/m);
  await allFree();
});

test("of streams that are reset", async () => {
  await sh(`python3 /root/reset-streams.py python.alice.test /slow 100 ${visitor}`);
  expect(await counts()).toMatch(/^waiting \d+$/m);
  await allFree();
});

test("of a process that is killed, and of an old one that is killed after a reload", async () => {
  await ask(6);
  expect(await counts()).toMatch(/^works 2$/m);
  await sh(`kill -KILL ${await processes()}`);
  await expect.poll(counts).toBe("");
  await ask(6);
  const old = await processes();
  await sh("systemctl reload nginx");
  await expect.poll(async () => (await processes()).split(" ").some((each) => !old.includes(each))).toBe(true);
  expect(await counts()).toMatch(/^works 2$/m);
  // One without requests has ended already.
  await sh(`kill -KILL ${old} || true`);
  await allFree();
});

test("also if it had to make room for others: what is no longer counted gives nobody more, or less", async () => {
  await ask(2);
  await sh("curl -s --unix-socket /run/counts http://localhost/forget");
  await ask(6);
  expect(await counts()).toMatch(/^works 2$/m);
  await allFree();
});
