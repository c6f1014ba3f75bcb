import { afterAll, beforeAll, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import { servers as kinds } from "./servers.generated.ts";

/** Servers of an account whose disk is full start and answer. */
const common = { environment: {}, idleSeconds: 300, directory: "app" } as const;
const servers: readonly FixtureServer[] = [
  {
    ...({ kind: "program", name: "program", command: ["/usr/bin/node", "app.js"], socketActivation: false } as const),
    ...{ ...common, idleSeconds: 0 },
  },
  { kind: "node", name: "node", main: "app.js", arguments: [], nodeOptions: [], ...common },
  {
    ...({ kind: "python", name: "python", interface: "wsgi", application: "app:app", workers: 1, threads: 2 } as const),
    ...common,
  },
  {
    ...({
      kind: "php",
      name: "php",
      root: "www",
      fallback: "index.php",
      workers: 2,
      ini: {},
      environment: {},
    } as const),
    idleSeconds: 300,
  },
  { kind: "proxy", name: "proxy", to: "http://127.0.0.1:8001", keepHost: false, idleSeconds: 300 },
  { kind: "static", name: "static", root: "www", idleSeconds: 300 },
];
const files = {
  "app/app.js": 'require("node:http").createServer((_, answer) => answer.end("up")).listen(process.env.PORT);',
  "app/app.py": 'def app(_, start_response):\n    start_response("200 OK", [])\n    return [b"up"]\n',
  "www/index.php": '<?php echo "up", $_FILES["file"]["error"] ?? "";',
  "www/index.html": "up",
};

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind("full-disk", servers, files);
  // What the home has, on a file system with no room beside it.
  await kind.sh(`cd /srv/accounts/1 && systemctl stop account-1-http-program.service && cp -a home /root/home
mount -t tmpfs -o size=256k,mode="$(stat -c %a home)" full home && cp -a /root/home/. home/ && chown --reference=/root/home home
dd if=/dev/zero of=home/rest bs=4k 2>/dev/null || systemctl restart fairhost-view.service`);
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test("no kind with a server is left out", () => {
  const own = Object.values(kinds).filter((each) => each.wake !== "front end");
  expect(servers.map((server) => server.kind).sort()).toEqual(own.map((each) => each.kind).sort());
});

test.each(servers.map(({ name }) => name))("%s starts and answers", async (name) => {
  expect((await kind.sh("df --output=avail /srv/accounts/1/home | tail -n 1")).trim()).toBe("0");
  await kind.getUntil(name, ({ status, body }) => status === 200 && body === "up", 60);
});

test("PHP: an upload without room is told to the script", async () => {
  await kind.sh("head -c 300000 /dev/zero >/root/upload");
  // UPLOAD_ERR_CANT_WRITE
  expect((await kind.get("php", "/index.php", "-F", "file=@/root/upload")).body).toBe("up7");
});
