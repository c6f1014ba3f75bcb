import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import {
  declarationOf,
  type FixtureServer,
  programServer,
  staticServer,
} from "../../testing/fixtures/bundle-fixture.ts";
import { rawRequests } from "../../testing/requests/raw-requests.cases.ts";

const program = (file: string) => readFileSync(join(import.meta.dirname, "../../testing/programs", file));
const node = ["/usr/bin/node", "answers.mjs"];
const redirect: FixtureServer = {
  ...{ kind: "redirect", name: "moved", hostnames: [] },
  ...{ to: "https://new.test/base", status: 308, keepPath: true, idleSeconds: 0 },
};
/** A program that says which one it is. */
const named = (name: string) => programServer(name, node, { environment: { SERVER: name } });
const accounts = [
  { number: 1, name: "alice", servers: [programServer("app", node)] },
  { number: 2, name: "bob", servers: [programServer("app", node), staticServer("web")] },
  {
    number: 3,
    name: "carol",
    servers: [
      { ...named("all"), hostnames: ["carol.test", "*.carol.test"] },
      {
        ...named("shop"),
        hostnames: ["shop.carol.test"],
        addresses: ["carol.test/shop", "other.carol.test/a/b/c"],
      },
      { ...named("blog"), addresses: ["carol.test/shop/blog", "carol.test/~me"], trimPath: true },
      { ...redirect, addresses: ["carol.test/old"], trimPath: true },
    ],
  },
] as const;

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const curl = (words: string) => sh(`curl -sS -g --max-time 60 ${words}`);
/** The last line of an account's log; nginx writes it after the client has its answer. */
const lastError = (account: number) =>
  expect.poll(() => sh(`tail -n 1 /srv/accounts/${account}/admin/logs/front-end/error.log`));

/** Sends requests as they are to port 80, ten at a time. @returns what came back to each until nothing more came for 2 s */
async function rawAll(requests: readonly string[]): Promise<string[]> {
  const client = `const { connect } = require("node:net");
    const ask = (bytes) => new Promise((done) => {
      let answer = "";
      const socket = connect(80, "::1", () => socket.write(Buffer.from(bytes, "latin1")));
      const silent = () => socket.destroy();
      let silence = setTimeout(silent, 20_000);
      socket.on("data", (data) => { answer += data.toString("latin1"); clearTimeout(silence); silence = setTimeout(silent, 2000); })
        .on("error", () => {}).on("close", () => { clearTimeout(silence); done(answer); });
    });
    (async () => {
      const [requests, answers] = [JSON.parse(require("node:fs").readFileSync(0, "utf8")), []];
      while (answers.length < requests.length)
        answers.push(...(await Promise.all(requests.slice(answers.length, answers.length + 10).map(ask))));
      console.log(JSON.stringify(answers));
    })();`;
  return JSON.parse(await succeed(host, ["/usr/bin/node", "-e", client], JSON.stringify(requests))) as string[];
}
const raw = async (request: string) => (await rawAll([request]))[0]!;

const statuses = (answer: string) => [...answer.matchAll(/^HTTP\/1\.[01] (\d+)/gm)].map(([, status]) => Number(status));

beforeAll(async () => {
  host = await bootContainer({ name: "front-end" });
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  for (const { number } of accounts)
    await host.writeFile(`/srv/accounts/${number}/home/answers.mjs`, program("answers.mjs"));
  await host.writeFile("/srv/accounts/2/home/www/index.html", "Hello from bob\n");
  await host.writeFile("/root/stalled-uploads.py", program("stalled-uploads.py"));
  await host.writeFile("/root/stalled-readers.py", program("stalled-readers.py"));
});
afterAll(() => host?.stop());

describe("nothing that passes through is collected on a disk", () => {
  const spool = () =>
    sh("find /var/lib/nginx -type f | wc -l; ls -l /proc/*/fd 2>/dev/null | grep -c /var/lib/nginx/ || true");

  test("stalled uploads to one account, and others' uploads all the same", async () => {
    const held = await sh("python3 /root/stalled-uploads.py app.alice.test 40 10");
    expect(held).toContain("held 40\n");
    expect(await spool()).toBe("0\n0\n");
    await sh(
      "python3 /root/stalled-uploads.py app.alice.test 40 10 --meanwhile 'touch /run/stalled; sleep 8' >/dev/null & until [ -e /run/stalled ]; do sleep 0.1; done",
    );
    for (const size of ["5k", "200k", "8M"]) {
      const words = `-o /dev/null -w '%{http_code}' --data-binary @- http://[::1]/count -H 'Host: app.bob.test'`;
      expect(await sh(`head -c ${size} /dev/zero | curl -sS -g --max-time 20 ${words}`)).toBe("200");
    }
    expect(await spool()).toBe("0\n0\n");
  });

  test("answers that nobody reads", async () => {
    const before = Number(await sh("df --output=used -B1 /var/lib/nginx | tail -1"));
    await sh("python3 /root/stalled-readers.py app.alice.test 10 /large/300000000");
    expect(await spool()).toBe("0\n0\n");
    expect(Number(await sh("df --output=used -B1 /var/lib/nginx | tail -1")) - before).toBeLessThan(10e6);
  });

  test("large uploads and downloads arrive whole", async () => {
    const size = 50_000_000;
    expect(await sh(`head -c ${size} /dev/zero | curl -sS -g -T - http://[::1]/count -H 'Host: app.bob.test'`)).toBe(
      `${size} bytes`,
    );
    expect(
      await sh(`head -c ${size} /dev/zero | curl -sS -g --data-binary @- http://[::1]/count -H 'Host: app.bob.test'`),
    ).toBe(`${size} bytes`);
    expect(await curl("-o /dev/null -w '%{size_download}' http://[::1]/large/65536000 -H 'Host: app.bob.test'")).toBe(
      "65536000",
    );
  });

  test("a server that refuses an upload before it has read it, and reads on, is heard", async () => {
    const post =
      "head -c 30000000 /dev/zero | curl -sS -g --max-time 20 -o /dev/null -w '%{http_code}' --data-binary @- http://[::1]/refuse -H 'Host: app.bob.test'";
    expect(await sh(post)).toBe("403");
  });
});

describe("answers arrive as they are sent", () => {
  /** Milliseconds at which each line of curl's output came. */
  const times = async (command: string) => {
    const seen = await sh(`${command} | while read -r line; do [ -z "$line" ] || date +%s%3N; done`);
    return seen.trim().split("\n").map(Number);
  };

  test.each([
    ["in chunks", "/drip/0"],
    ["with its length", "/drip/36"],
    ["until the connection ends", "/drip"],
  ])("an answer that drips for two seconds begins at once, %s", async (_form, path) => {
    const lines = await times(`curl -sS -N -g --max-time 60 http://[::1]${path} -H 'Host: app.bob.test'`);
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)! - lines[0]!).toBeGreaterThan(1000);
  });

  test("progress of an upload is seen before the upload has ended", async () => {
    const slow = "(printf a; sleep 1; printf b; sleep 1; printf c)";
    const lines = await times(`${slow} | curl -sS -N -g -T - http://[::1]/progress -H 'Host: app.bob.test'`);
    expect(lines).toHaveLength(3);
    expect(lines.at(-1)! - lines[0]!).toBeGreaterThan(700);
  });
});

describe("headers of an answer", () => {
  test.each([3000, 5000, 15_000, 40_000, 65_000])("%i bytes pass", async (size) => {
    const answer = await curl(`-D - -o /dev/null http://[::1]/headers/${size} -H 'Host: app.bob.test'`);
    expect(statuses(answer)).toEqual([200]);
    expect(/^X-Large: (a+)/m.exec(answer)?.[1]).toHaveLength(size);
  });
});

describe("the account's own log says why a request failed", () => {
  test.each([
    ["/headers/100000", 502, "the headers of the server's answer are larger than 64 KiB"],
    ["/closes", 502, "the server closed the connection without an answer"],
    ["/truncated", 502, "the server's answer is not HTTP, or ended within its headers"],
    ["/garbage", 502, "the server's answer is not HTTP, or ended within its headers"],
    ["/status/503", 503, "the server itself answered so"],
  ])("%s: %i, %s", async (path, status, cause) => {
    expect(await curl(`-o /dev/null -w '%{http_code}' http://[::1]${path} -H 'Host: app.bob.test'`)).toBe(`${status}`);
    await lastError(2).toMatch(new RegExp(`"GET ${path} HTTP/1\\.1" app\\.bob\\.test ${status} in .* s: ${cause}\n$`));
  });

  test("a body above the limit", async () => {
    expect(
      await curl(
        "-o /dev/null -w '%{http_code}' -H 'Content-Length: 2000000000' http://[::1]/ -H 'Host: app.bob.test'",
      ),
    ).toBe("413");
    await lastError(2).toMatch(/ 413 in .* s: the request's body is larger than 1024 MiB\n$/);
  });

  test("a socket that is not there", async () => {
    await sh("systemctl stop account-1-http-app.socket account-1-http-app.service");
    expect(await curl("-o /dev/null -w '%{http_code}' http://[::1]/ -H 'Host: app.alice.test'")).toBe("502");
    await lastError(1).toMatch(/ s: the server's socket takes no connections\n$/);
    await sh("systemctl start account-1-http-app.socket");
  });
});

describe("the name that a visitor asked for", () => {
  const seen = async (line: string, ...headers: string[]) => {
    const answer = await raw([line, ...headers, "Connection: close", "", ""].join("\r\n"));
    const given = /\{.*\}/s.exec(answer.replaceAll(/\r\n[0-9a-f]+\r\n/g, ""))?.[0];
    if (given === undefined) return { status: statuses(answer) };
    const { headers: list, url } = JSON.parse(given) as { headers: string[]; url: string };
    const of = (name: string) =>
      list.flatMap((key, index) => (index % 2 === 0 && key === name ? [list[index + 1]] : []));
    return { url, host: of("Host"), forwarded: of("X-Forwarded-Host") };
  };
  const bob = "app.bob.test";

  test.each([
    ["Host", "GET /x HTTP/1.1", `Host: ${bob}`, bob],
    ["with its port", "GET /x HTTP/1.1", `Host: ${bob}:8443`, `${bob}:8443`],
    ["in capitals and with the root's dot", "GET /x HTTP/1.1", "Host: APP.Bob.TEST.:80", `${bob}:80`],
    ["with something that is not a port", "GET /x HTTP/1.1", `Host: ${bob}:80"><script>`, bob],
    // RFC 9112, section 3.2.2: a proxy must ignore Host and use the target's.
    ["an absolute target's, not Host's", `GET http://${bob}/x HTTP/1.1`, "Host: evil.test", bob],
    ["an absolute target's port", `GET HTTP://${bob}:8080/x HTTP/1.1`, `Host: ${bob}:9`, `${bob}:8080`],
    ["an absolute target's, without Host's port", `GET http://${bob}/x HTTP/1.1`, `Host: ${bob}:8443`, bob],
  ])("%s", async (_what, line, header, expected) => {
    expect(await seen(line, header)).toEqual({ url: "/x", host: [expected], forwarded: [expected] });
  });

  test("an absolute target leads to its own account, whatever Host says, and an unknown one to none", async () => {
    expect(
      await raw("GET http://web.bob.test/ HTTP/1.1\r\nHost: app.alice.test\r\nConnection: close\r\n\r\n"),
    ).toContain("Hello from bob");
    expect(await seen("GET http://unknown.test/ HTTP/1.1", `Host: ${bob}`)).toEqual({ status: [421] });
    expect(await seen("GET http://evil@app.bob.test/ HTTP/1.1", `Host: ${bob}`)).toEqual({ status: [400] });
  });
});

describe("the server that an address leads to", () => {
  /** Which server answers, what it is asked for, and which prefix was taken away. */
  const asked = async (name: string, target: string) => {
    const answer = await raw(`GET ${target} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    const given = /\{.*\}/s.exec(answer.replaceAll(/\r\n[0-9a-f]+\r\n/g, ""))?.[0];
    if (given === undefined) return [statuses(answer)[0], /^location: (.*)\r$/im.exec(answer)?.[1]];
    const { headers, url, server } = JSON.parse(given) as { headers: string[]; url: string; server: string };
    const prefix = headers[headers.indexOf("X-Forwarded-Prefix") + 1];
    return [server, url, ...(headers.includes("X-Forwarded-Prefix") ? [prefix] : [])];
  };

  test.each([
    ["a name", "carol.test", "/", ["all", "/"]],
    ["its wildcard", "any.carol.test", "/x?y", ["all", "/x?y"]],
    ["a wildcard is one label", "a.b.carol.test", "/", [421, undefined]],
    ["a name before the wildcard that covers it", "shop.carol.test", "/", ["shop", "/"]],
    ["a path", "carol.test", "/shop", ["shop", "/shop"]],
    ["below a path", "carol.test", "/shop/x/y/z?q=1", ["shop", "/shop/x/y/z?q=1"]],
    ["not what only begins so", "carol.test", "/shopping", ["all", "/shopping"]],
    ["a path before the wildcard", "other.carol.test", "/a/b/c/d", ["shop", "/a/b/c/d"]],
    ["beside that path", "other.carol.test", "/a/b", ["all", "/a/b"]],
    [
      "the longest path, taken away",
      "carol.test",
      "/shop/blog/post/1?a=/shop/blog",
      ["blog", "/post/1?a=/shop/blog", "/shop/blog"],
    ],
    ["a path with a sign", "carol.test", "/~me/", ["blog", "/", "/~me"]],
    ["what is left may begin with two slashes", "carol.test", "/shop/blog//x", ["blog", "//x", "/shop/blog"]],
    ["a path without a slash behind it", "carol.test", "/shop/blog?q=1", [308, "/shop/blog/?q=1"]],
    ["a redirect without its own path", "carol.test", "/old/page?q=1", [308, "https://new.test/base/page?q=1"]],
    ["a redirect's own path alone", "carol.test", "/old", [308, "https://new.test/base"]],
    ["with Host in an absolute target", "carol.test", "http://carol.test/shop/blog/x", ["blog", "/x", "/shop/blog"]],
  ])("%s: %s%s", async (_what, name, target, expected) => {
    expect(await asked(name, target)).toEqual(expected);
  });

  test("a client cannot say which path was taken away", async () => {
    const answer = await curl("http://[::1]/ -H 'Host: carol.test' -H 'X-Forwarded-Prefix: /evil'");
    expect(answer).not.toContain("evil");
  });
});

describe("malformed and unusual requests", () => {
  let answers: string[];
  beforeAll(async () => {
    answers = await rawAll(rawRequests.map(([, , request]) => request));
  });
  test.each(rawRequests.map(([name, expected], index) => [name, expected, index] as const))(
    "%s: $1",
    (_name, expected, index) => {
      const answer = answers[index]!;
      expect(statuses(answer)).toEqual(expected);
      // Nothing that a client says about itself gets through, and no request hides in another one's body.
      expect(answer).not.toMatch(/9\.9\.9\.9|smuggled/);
    },
  );
});

test("an open answer outlives a reload, but does not keep its old worker for good", async () => {
  const conf = "/var/lib/fairhost/current/nginx/nginx.conf";
  const workers = async () => Number(await sh("pgrep -cf 'nginx: worker'"));
  expect(await sh(`grep -c '^worker_shutdown_timeout ' ${conf}`)).toBe("1\n");
  const usual = await workers();
  const before = await sh("pgrep -f 'nginx: worker process$'");
  await sh(`sed -i 's/^worker_shutdown_timeout .*/worker_shutdown_timeout 4s;/' ${conf} && systemctl reload nginx`);
  const anew = async () => (await sh("pgrep -f 'nginx: worker process$'")) !== before && (await workers()) === usual;
  await expect.poll(anew).toBe(true);
  const reader = host.run(
    "curl -sS -g --limit-rate 1M -o /run/reader -H 'Host: app.bob.test' http://[::1]/large/90000000",
  );
  await sh("until [ -s /run/reader ]; do sleep 0.1; done");
  const begin = performance.now();
  await sh("systemctl reload nginx");
  await expect.poll(workers, { interval: 100 }).toBe(usual + 1);
  expect((await reader).exitCode).toBe(18);
  expect(performance.now() - begin).toBeGreaterThan(3000);
  await expect.poll(workers).toBe(usual);
});
