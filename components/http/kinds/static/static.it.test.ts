import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../../lab/container.ts";
import { placeBundle, succeed } from "../../../../testing/fakes/placed-host.ts";
import { declarationOf, staticServer } from "../../../../testing/fixtures/bundle-fixture.ts";

const servers = [
  staticServer("www"),
  staticServer("app", 300, "app", { fallback: "index.html", cacheSeconds: 3600 }),
  staticServer("none", 300, "none"),
  staticServer("releases", 300, "current/public"),
];
const home = "/srv/accounts/1/home";
const files: Record<string, string> = {
  "www/index.html": "<p>Hello\n",
  "www/404.html": "<p>My own: not here\n",
  "www/.git/config": "secret",
  "www/.env": "secret",
  "www/.htpasswd": "secret",
  "www/sub/.well-known": "secret",
  "www/.well-known.bak/x": "secret",
  "www/.well-known/security.txt": "Contact: here\n",
  "www/.well-known/.env": "secret",
  "www/large.css": "p { color: red }\n".repeat(2000),
  "www/photo.jpg": "x".repeat(20_000),
  "app/index.html": "<p>The application\n",
  "app/assets/app.js": "start()\n",
  "app/.env": "secret",
  "app/team.html": "<p>The team\n",
  "www/about.html": "<p>About\n",
  "www/v1.2.html": "<p>Version\n",
  "app/v1.2.html": "<p>Version\n",
  "www/both.html": "<p>Page\n",
  "www/both": "file",
  "www/guide.html": "<p>Page\n",
  "www/guide/index.html": "<p>Directory\n",
  "first/public/plain.txt": "first",
  "second/public/plain.txt": "second",
};

let host: ContainerHost;

beforeAll(async () => {
  host = await bootContainer({ name: "static" });
  await placeBundle(host, renderBundle(declarationOf([{ number: 1, name: "alice", servers }]), "web1"));
  for (const [path, content] of Object.entries(files)) await host.writeFile(`${home}/${path}`, content);
});
afterAll(() => host?.stop());

async function get(server: string, path: string, ...more: string[]) {
  const words = [
    "curl",
    "-sS",
    "-g",
    "--path-as-is",
    "--max-time",
    "30",
    "-D",
    "-",
    "-H",
    `Host: ${server}.alice.test`,
  ];
  const answer = await succeed(host, [...words, ...more, `http://[::1]${path}`]);
  const end = answer.indexOf("\r\n\r\n");
  const [first, ...lines] = answer.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(":")[0]!.toLowerCase(), line.replace(/^[^:]*: */, "")]),
  );
  return { status: Number(first!.split(" ")[1]), headers, body: answer.slice(end + 4) };
}

test("31 KiB of headers, as much as the front end lets through, and 900 headers get a file", async () => {
  const large = [7700, 7700, 16_200].flatMap((size, name) => ["-H", `X-Own-${name}: ${"a".repeat(size)}`]);
  const many = Array.from({ length: 900 }, (_, number) => ["-H", `X-${number}: a`]).flat();
  for (const words of [large, many]) expect((await get("www", "/large.css", ...words)).status).toBe(200);
});

describe("files whose name begins with a dot", () => {
  test.each([
    "/.git/config",
    "/.env",
    "/.htpasswd",
    "/%2eenv",
    "/.%67it/config",
    "//.env",
    "/sub/../.env",
    "/sub/.well-known",
    "/.well-known.bak/x",
    "/.well-known/.env",
    "/.well-known/../.env",
    "/.well-known/%2e%2e/.env",
    "/.env?x=/.well-known/",
  ])("%s is refused", async (path) => {
    const { status, body } = await get("www", path);
    expect([403, 404]).toContain(status);
    expect(body).not.toContain("secret");
  });

  test("not even a fallback answers for them", async () => {
    expect((await get("app", "/.env")).status).toBe(403);
    expect((await get("app", "/.git")).status).toBe(403);
  });

  test("what is meant for everybody is served (RFC 8615)", async () => {
    expect(await get("www", "/.well-known/security.txt")).toMatchObject({ status: 200, body: "Contact: here\n" });
  });
});

test.each([
  ["wasm", "application/wasm"],
  ["map", "application/json"],
  ["webmanifest", "application/manifest+json"],
  ["mjs", "text/javascript; charset=utf-8"],
  ["avif", "image/avif"],
  ["html", "text/html; charset=utf-8"],
  ["svg", "image/svg+xml"],
  ["woff2", "font/woff2"],
  ["tar.gz", "application/gzip"],
  ["HTML", "text/html; charset=utf-8"],
  ["unknown", "application/octet-stream"],
])("a file .%s has the type %s", async (end, type) => {
  await host.writeFile(`${home}/www/types/file.${end}`, "x");
  expect((await get("www", `/types/file.${end}`)).headers["content-type"]).toBe(type);
});

describe("pretty addresses", () => {
  test.each([
    ["www", "/about", "www/about.html"],
    ["www", "/about?x=1.2", "www/about.html"],
    ["www", "/v1.2", "www/v1.2.html"],
    ["www", "/about.html", "www/about.html"],
    // What has the very name comes first, and a page before a fallback.
    ["www", "/both", "www/both"],
    ["app", "/team", "app/team.html"],
  ])("%s%s is the file %s", async (server, path, file) => {
    const { status, headers, body } = await get(server!, path!);
    expect([status, body]).toEqual([200, files[file!]]);
    if (file!.endsWith(".html"))
      expect(headers).toMatchObject({ "content-type": "text/html; charset=utf-8", "cache-control": "max-age=0" });
  });

  test("a directory is itself, with and without its slash", async () => {
    expect(await get("www", "/guide")).toMatchObject({ status: 301, headers: { location: "/guide/" } });
    expect(await get("www", "/guide/")).toMatchObject({ status: 200, body: "<p>Directory\n" });
  });

  test.each(["/about/", "/about/more", "/.env", "/abou"])("%s is none", async (path) => {
    expect([403, 404]).toContain((await get("www", path)).status);
  });
});

describe("what is not there", () => {
  test("404 with the account's own page", async () => {
    const { status, headers, body } = await get("www", "/nothing");
    expect({ status, body }).toEqual({ status: 404, body: files["www/404.html"] });
    expect(headers["content-type"]).toMatch(/^text\/html/);
    expect(headers["cache-control"]).toBeUndefined();
  });

  test("404 without a page of its own", async () => {
    expect((await get("app", "/assets/gone.js")).status).toBe(404);
  });

  test("with a fallback, its file answers for pages, not for files", async () => {
    for (const path of ["/settings", "/users/7?tab=1.2", "/deep/er/"]) {
      expect(await get("app", path)).toMatchObject({ status: 200, body: files["app/index.html"] });
    }
    expect(await get("app", "/assets/app.js")).toMatchObject({ status: 200, body: "start()\n" });
    expect((await get("www", "/settings")).status).toBe(404);
  });

  test("a missing root is said as what it is, to visitors and to the account, and heals under steady traffic", async () => {
    expect(await get("none", "/")).toMatchObject({
      status: 404,
      body: expect.stringContaining("The directory of this web site is missing."),
    });
    await expect
      .poll(() => succeed(host, "cat /srv/accounts/1/admin/logs/http-none.log"))
      .toContain("the directory /home/alice/none is not there");
    await host.writeFile(`${home}/none/index.html`, "now\n");
    await expect.poll(async () => (await get("none", "/")).body, { interval: 100, timeout: 20_000 }).toBe("now\n");
    expect((await get("none", "/gone")).body).not.toContain("missing");
  });
});

test("a symlink leads to its root; switched to another release, that one's files are served", async () => {
  const release = async () => (await get("releases", "/plain.txt")).body;
  await succeed(host, `cd ${home} && ln -s first current`);
  await expect.poll(release).toBe("first");
  await succeed(host, `cd ${home} && ln -s second next && mv -T next current`);
  await expect.poll(release).toBe("second");
});

describe("caches", () => {
  test("nothing is used again without asking, unless the account says so; pages never", async () => {
    const ages = await Promise.all(
      [
        ["www", "/large.css"],
        ["www", "/"],
        ["app", "/assets/app.js"],
        ["app", "/"],
        ["app", "/index.html"],
        ["app", "/settings"],
        ["app", "/team"],
        ["app", "/v1.2"],
      ].map(async ([server, path]) => (await get(server!, path!)).headers["cache-control"]),
    );
    expect(ages).toEqual(["max-age=0", "max-age=0", "max-age=3600", ...Array(5).fill("max-age=0")]);
  });

  test("what did not change is not sent again", async () => {
    const { headers } = await get("www", "/large.css");
    expect((await get("www", "/large.css", "-H", `If-None-Match: ${headers.etag}`)).status).toBe(304);
  });
});

describe("compression", () => {
  test("text is sent compressed to whoever understands it", async () => {
    const { headers, body } = await get("www", "/large.css", "--compressed", "-H", "Accept-Encoding: gzip");
    expect(headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect(body).toBe(files["www/large.css"]);
    expect((await get("www", "/large.css")).headers["content-encoding"]).toBeUndefined();
  });

  test.each(["gzip;q=0", "br;q=0, gzip;q=0.000", "gzip; q=0, identity"])(
    "not to who refuses it: %s",
    async (accepted) => {
      const { headers, body } = await get("www", "/large.css", "-H", `Accept-Encoding: ${accepted}`);
      expect([headers["content-encoding"], body]).toEqual([undefined, files["www/large.css"]]);
    },
  );

  test("pictures are not", async () => {
    expect((await get("www", "/photo.jpg", "-H", "Accept-Encoding: gzip")).headers["content-encoding"]).toBeUndefined();
  });
});

describe("files that the account has compressed itself", () => {
  const folder = `${home}/www/ready`;
  const type = "text/css; charset=utf-8";
  const answers = (path: string, accepted?: string) =>
    get(
      "www",
      `/ready/${path}`,
      "--compressed",
      "-H",
      `Accept-Encoding:${accepted === undefined ? "" : ` ${accepted}`}`,
    );

  beforeAll(async () => {
    await host.writeFile(`${folder}/a.css`, "plain");
    await host.writeFile(`${folder}/a.css.gz`, gzipSync("by gzip"));
    await host.writeFile(`${folder}/a.css.br`, brotliCompressSync("by brotli"));
    await host.writeFile(`${folder}/gz.css`, "plain");
    await host.writeFile(`${folder}/gz.css.gz`, gzipSync("by gzip"));
    await host.writeFile(`${folder}/index.html`, "plain");
    await host.writeFile(`${folder}/index.html.gz`, gzipSync("by gzip"));
    await host.writeFile("/srv/accounts/1/aside/secret.gz", gzipSync("secret"));
    await host.writeFile(`${folder}/.env.gz`, gzipSync("secret"));
    await host.writeFile(`${folder}/.env`, "secret");
  });

  test.each([
    ["a.css", "gzip", "gzip", "by gzip", type],
    ["a.css", "gzip, deflate, br, zstd", "br", "by brotli", type],
    ["a.css", "br;q=0, gzip;q=0.5", "gzip", "by gzip", type],
    ["a.css", "GZIP;Q=0, identity", undefined, "plain", type],
    ["a.css", undefined, undefined, "plain", type],
    ["gz.css", "br", undefined, "plain", type],
    ["", "gzip", "gzip", "by gzip", "text/html; charset=utf-8"],
    ["?x=1", "gzip", "gzip", "by gzip", "text/html; charset=utf-8"],
    ["index", "gzip", "gzip", "by gzip", "text/html; charset=utf-8"],
  ])("%s for who accepts %s", async (path, accepted, encoding, body, contentType) => {
    const answer = await answers(path, accepted);
    expect(answer).toMatchObject({
      status: 200,
      body,
      headers: { vary: "Accept-Encoding", "content-type": contentType },
    });
    expect(answer.headers["content-encoding"]).toBe(encoding);
  });

  test("each form has a validator of its own", async () => {
    const tags = await Promise.all(
      ["gzip", "br", undefined].map(async (each) => (await answers("a.css", each)).headers.etag!),
    );
    expect(new Set(tags).size).toBe(3);
    expect(
      (await get("www", "/ready/a.css", "-H", "Accept-Encoding: gzip", "-H", `If-None-Match: ${tags[0]}`)).status,
    ).toBe(304);
    expect(
      (await get("www", "/ready/a.css", "-H", "Accept-Encoding: br", "-H", `If-None-Match: ${tags[0]}`)).status,
    ).toBe(200);
  });

  test("the compressed file itself is a file like others", async () => {
    const { headers } = await get("www", "/ready/a.css.gz", "-H", "Accept-Encoding: gzip");
    expect([headers["content-type"], headers["content-encoding"]]).toEqual(["application/gzip", undefined]);
  });

  test("one that is older than its file is left alone: the file was changed since", async () => {
    await succeed(host, `touch -d '2 days ago' ${folder}/gz.css.gz`);
    await expect.poll(() => answers("gz.css", "gzip")).toMatchObject({ status: 200, body: "plain" });
    await succeed(host, `touch ${folder}/gz.css.gz`);
    await expect.poll(() => answers("gz.css", "gzip")).toMatchObject({ status: 200, body: "by gzip" });
  });

  test("one that leads out of the home is not served, as plain files that do are not", async () => {
    await succeed(
      host,
      `cd ${folder} && echo plain >out.css && ln -s /srv/accounts/1/aside/secret.gz out.css.gz && ln -s /srv/accounts/1/aside/secret.gz whole.gz && ln -s /etc/shadow root.css.gz && echo plain >root.css && touch -d 2001-01-01 root.css`,
    );
    for (const path of ["out.css", "whole.gz", "root.css"])
      expect((await answers(path, "gzip")).body, path).not.toMatch(/secret|root:/);
    expect((await answers("whole.gz", "gzip")).status).toBe(404);
    expect(await answers("out.css", "gzip")).toMatchObject({ status: 200, body: "plain\n" });
  });

  test("dot files stay refused", async () => {
    expect((await answers(".env", "gzip")).status).toBe(403);
    expect((await answers(".env.gz", "gzip")).status).toBe(403);
  });
});

test("an upload is refused, and the next request is served", async () => {
  await host.writeFile("/root/upload", "x".repeat(5_000_000));
  expect([405, 413]).toContain(
    (await get("www", "/large.css", "-H", "Expect:", "--data-binary", "@/root/upload")).status,
  );
  expect((await get("www", "/large.css")).status).toBe(200);
});

test("a server that is killed again and again is back for the next visitor each time", async () => {
  const unit = "account-1-http-www.service";
  for (let kills = 0; kills < 3; kills++) {
    expect((await get("www", "/")).status).toBe(200);
    await succeed(host, `systemctl kill --signal=KILL ${unit}`);
    // One who comes at that moment loses the connection (502); the others wait until it is there.
    await expect.poll(async () => (await get("www", "/")).status, { interval: 100, timeout: 20_000 }).toBe(200);
  }
  // Three kills, and no unit that has failed: a failed one pauses.
  await expect.poll(async () => (await host.run(`systemctl is-failed ${unit}`)).stdout).toBe("active\n");
});
