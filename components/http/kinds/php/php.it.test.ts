import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FixtureServer } from "../../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../../testing/kind-host.ts";
import { headerSizeCases } from "../header-sizes.cases.ts";

const php = (name: string, change: object = {}): FixtureServer => ({
  ...({ kind: "php", name, root: name, fallback: "index.php", workers: 4, ini: {}, environment: {} } as const),
  ...{ idleSeconds: 300, ...change },
});
const servers = [
  php("app", { ini: { memory_limit: "96M", "date.timezone": "Europe/Berlin" }, environment: { WHO: "alice & co" } }),
  php("brief", { idleSeconds: 2 }),
  php("broken", { ini: { "opcache.jit": "nonsense" } }),
  php("missing"),
  php("releases", { root: "current/public" }),
  php("wiki"),
];
/** A front controller as frameworks ship it, and one program for what PHP is asked to do. */
const index = `<?php
header("Content-Type: application/json");
echo json_encode(["uri" => $_SERVER["REQUEST_URI"], "script" => $_SERVER["SCRIPT_NAME"], "from" => $_SERVER["REMOTE_ADDR"],
  "user" => posix_getuid(), "who" => getenv("WHO"), "memory" => ini_get("memory_limit"), "zone" => date_default_timezone_get(),
  "token" => $_SERVER["HTTP_AUTHORIZATION"] ?? null]);
`;
const upload = `<?php
$file = $_FILES["file"];
echo $file["error"], " ", $file["size"], " ", hash_file("sha256", $file["tmp_name"]), " ", memory_get_peak_usage() < 16e6 ? "small" : "large";
`;
const stream = `<?php
while (ob_get_level()) ob_end_flush();
for ($n = 0; $n < 5; $n++) { echo "data: $n\\n\\n"; flush(); sleep(1); }
`;
const session = `<?php session_start(); echo $_SESSION["count"] = ($_SESSION["count"] ?? 0) + 1;`;
const htaccess = `RewriteEngine On
RewriteRule ^article/([0-9]+)$ show.php?id=$1 [L]
Header set X-Application own
<Files "secret.txt">
  Require all denied
</Files>
# Of PHP's own module: passed over.
php_value memory_limit 8M
<FilesMatch "^\\.">
  Require all granted
</FilesMatch>
`;
/** Types of files that scripts of pages ask for: a browser runs or shows none of another type. */
const types = {
  ...{ wasm: "application/wasm", map: "application/json", webmanifest: "application/manifest+json" },
  ...{ mjs: "text/javascript", avif: "image/avif", svg: "image/svg+xml", woff2: "font/woff2" },
};
const files = {
  "app/index.php": index,
  "app/.htaccess": htaccess,
  "app/show.php": '<?php echo "article ", $_GET["id"];',
  "app/upload.php": upload,
  "app/stream.php": stream,
  "app/session.php": session,
  "app/fails.php": '<?php error_log("said by the program"); undefined_function();',
  "app/dies.php": "<?php posix_kill(posix_getppid(), 9);",
  "app/large.php":
    '<?php for ($n = 0; $n < $_GET["count"]; $n++) header("X-Large-$n: " . str_repeat("a", (int) $_GET["size"]));',
  "app/modules.php": `<?php echo json_encode(["modules" => get_loaded_extensions(), "ini" => php_ini_loaded_file(), "shown" => ini_get("display_errors")]);`,
  ...Object.fromEntries(Object.keys(types).map((end) => [`app/types/file.${end}`, "x"])),
  "app/secret.txt": "secret",
  "app/.env": "secret",
  "app/.git/config": "secret",
  "app/.well-known/security.txt": "Contact: here",
  "app/photo.jpg": '<?php echo "run";',
  "app/plain.css": "p { color: red }\n".repeat(200),
  "app/docs/readme.txt": "readme",
  "app/admin/index.php": '<?php echo "admin";',
  "brief/index.php": "<?php echo 'brief';",
  "brief/stream.php": stream,
  "broken/index.php": "<?php echo 'up';",
  ...Object.fromEntries(
    ["first", "second"].flatMap((release) => [
      [`${release}/public/index.php`, `<?php require __DIR__ . "/../part.php"; echo "${release} ", part();`],
      [`${release}/public/plain.txt`, release],
      [`${release}/part.php`, `<?php function part() { return "${release}"; }`],
    ]),
  ),
};

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind("php", servers, files, { runtimes: ["dokuwiki"] });
  await kind.sh("cp -r /usr/share/dokuwiki /srv/accounts/1/home/wiki && chown -R 1900000001 /srv/accounts/1/home/wiki");
});
afterAll(() => kind?.[Symbol.asyncDispose]());

describe("a PHP application", () => {
  test("its first request starts it; it runs as the account, with its own directives and variables", async () => {
    const cold = await kind.get("app", "/", "-H", "Authorization: Bearer x");
    expect(cold).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(JSON.parse(cold.body)).toMatchObject({
      ...{
        uri: "/",
        script: "/index.php",
        user: 1_900_000_001,
        who: "alice & co",
        memory: "96M",
        zone: "Europe/Berlin",
      },
      ...{ token: "Bearer x", from: "::1" },
    });
    const warm = await kind.get("app");
    console.info(`php: cold ${cold.seconds} s, warm ${warm.seconds} s`);
    expect(warm.seconds).toBeLessThan(cold.seconds);
  });

  test("pretty addresses reach its front controller; files and directories are themselves", async () => {
    expect(JSON.parse((await kind.get("app", "/2026/hello/?x=1")).body)).toMatchObject({
      uri: "/2026/hello/?x=1",
      script: "/index.php",
    });
    expect(await kind.get("app", "/plain.css")).toMatchObject({ status: 200, body: files["app/plain.css"] });
    expect((await kind.get("app", "/admin/")).body).toBe("admin");
    expect((await kind.get("app", "/docs/readme.txt")).body).toBe("readme");
  });

  test("a slash that a path has in another form (%2F) reaches its front controller as the visitor wrote it", async () => {
    const { status, body } = await kind.get("app", "/packages/%40scope%2Fname/tags");
    expect({ status, uri: status === 200 && JSON.parse(body).uri }).toEqual({
      status: 200,
      uri: "/packages/%40scope%2Fname/tags",
    });
  });

  test("its .htaccess counts, and what belongs to PHP's own module is passed over", async () => {
    const { body, headers } = await kind.get("app", "/article/7");
    expect({ body, own: headers["x-application"] }).toEqual({ body: "article 7", own: "own" });
    expect((await kind.get("app", "/secret.txt")).status).toBe(403);
  });

  test.each([
    ["/.env"],
    ["/.htaccess"],
    ["/.git/config"],
    ["/%2eenv"],
    ["//.env"],
    ["/docs/../.env"],
    ["/docs/%2e%2e/.env"],
    ["/docs/..%2f..%2f..%2fetc/passwd"],
    ["/../../admin/logs/http-app.log"],
    ["/.well-known/../.env"],
  ])("%s is refused, although its .htaccess allows it", async (path) => {
    const { status, body } = await kind.get("app", path);
    expect([400, 403, 404]).toContain(status);
    expect(body).not.toMatch(/secret|root:|fairhost/);
  });

  test("what is meant for everybody is served; what is no script is not run", async () => {
    expect((await kind.get("app", "/.well-known/security.txt")).body).toBe("Contact: here");
    expect((await kind.get("app", "/photo.jpg/x.php")).body).not.toBe("run");
    expect((await kind.get("app", "/photo.jpg")).body).toContain("<?php");
    expect(JSON.parse((await kind.get("app", "/nothing.php")).body)).toMatchObject({ script: "/index.php" });
  });

  test("it has every module that PHP has on the host, and Debian's php.ini", async () => {
    const { modules, ini, shown } = JSON.parse((await kind.get("app", "/modules.php")).body) as Record<string, unknown>;
    const php = await kind.sh("/usr/sbin/php-fpm8.4 -m | grep -v '^\\[' | grep .");
    expect((modules as string[]).toSorted()).toEqual([...new Set(php.trim().split("\n"))].toSorted());
    expect(modules).toEqual(expect.arrayContaining(["PDO", "mbstring", "dom", "sqlite3", "pdo_mysql", "pdo_pgsql"]));
    expect({ ini, shown }).toEqual({ ini: "/etc/php/8.4/fpm/php.ini", shown: "" });
  });

  test.each(Object.entries(types))("a file .%s has the type %s", async (end, type) => {
    expect((await kind.get("app", `/types/file.${end}`)).headers["content-type"]?.replace(/;.*/, "")).toBe(type);
  });

  test("uploads may be larger than the account's memory for files, and are gone afterwards", async () => {
    await kind.sh("head -c 70000000 /dev/zero > /root/upload");
    const sum = (await kind.sh("sha256sum < /root/upload")).split(" ")[0];
    const { body } = await kind.get("app", "/upload.php", "-F", "file=@/root/upload");
    expect(body).toBe(`0 70000000 ${sum} small`);
    expect(await kind.sh("find /srv/accounts/1/home/.cache/fairhost/app/upload -type f")).toBe("");
  });

  test("sessions are kept; compiled scripts are in its home", async () => {
    const jar = ["-b", "/root/jar", "-c", "/root/jar"];
    expect((await kind.get("app", "/session.php", ...jar)).body).toBe("1");
    expect((await kind.get("app", "/session.php", ...jar)).body).toBe("2");
    const compiled = "find /srv/accounts/1/home/.cache/fairhost/app/opcache -name 'session.php.bin'";
    expect(await kind.sh(compiled)).toContain("session.php.bin");
  });

  test("what it says is in the account's log, and not in its answers", async () => {
    const { status, body } = await kind.get("app", "/fails.php");
    expect({ status, body }).toEqual({ status: 500, body: "" });
    await expect.poll(() => kind.log("app")).toMatch(/said by the program[\s\S]*Call to undefined function/);
  });

  test("a visitor who kills PHP again and again cannot keep it down: under traffic it serves at once, later after two seconds", async () => {
    for (let kills = 1; kills <= 4; kills++) {
      await kind.get("app", "/dies.php");
      const statuses = await kind.getUntil("app", ({ status }) => status === 200, 30);
      console.info(`php killed: ${statuses.join(" ")}`);
      // Four a second at most; while it starts they wait.
      expect(statuses.length).toBeLessThan(12);
    }
    expect(JSON.parse((await kind.get("app")).body)).toMatchObject({ who: "alice & co" });
  });
});

// Apache takes no longer one from FastCGI.
headerSizeCases(() => kind, "app", "/large.php", 8000);

test("DokuWiki as Debian packs it: a page is shown, written, and found again", async () => {
  const cold = await kind.get("wiki", "/doku.php?id=start&do=edit");
  expect(cold).toMatchObject({ status: 200, body: expect.stringContaining("DokuWiki") });
  // Debian's lets nobody write until its owner has said who may.
  const acl = "/srv/accounts/1/lib/dokuwiki/acl";
  await kind.sh(
    `mkdir -p ${acl}; printf '*\\t@ALL\\t8\\n' > ${acl}/acl.auth.php; touch ${acl}/users.auth.php; chown -R 1900000001 ${acl}`,
  );
  const jar = ["-b", "/root/wiki", "-c", "/root/wiki"];
  const edit = await kind.get("wiki", "/doku.php?id=playground:own&do=edit", ...jar);
  const token = /name="sectok" value="([^"]*)"/.exec(edit.body)?.[1] ?? "";
  const form = {
    sectok: token,
    id: "playground:own",
    "do[save]": "Save",
    wikitext: "====== Own page ======",
    prefix: ".",
    changecheck: "",
  };
  const words = Object.entries(form).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
  await kind.get("wiki", "/doku.php?id=playground:own", ...jar, ...words);
  expect((await kind.get("wiki", "/doku.php?id=playground:own")).body).toContain("Own page</h1>");
  expect((await kind.get("wiki", "/data/pages/playground/own.txt")).body).not.toContain("====== Own page");
  expect((await kind.get("wiki", "/lib/tpl/dokuwiki/images/logo.png")).status).toBe(200);
  const { status } = await kind.get("wiki", "/inc/init.php");
  expect(status).toBe(403);
  console.info(`DokuWiki: cold ${cold.seconds} s, warm ${(await kind.get("wiki", "/doku.php")).seconds} s`);
});

test("it ends when idle, not while a stream runs, and the next request wakes it", async () => {
  expect((await kind.get("brief")).body).toBe("brief");
  const { body, seconds } = await kind.get("brief", "/stream.php");
  expect(body).toBe([0, 1, 2, 3, 4].map((n) => `data: ${n}\n\n`).join(""));
  expect(seconds).toBeGreaterThan(4);
  await expect.poll(() => kind.state("brief"), { interval: 200, timeout: 20_000 }).toBe("inactive");
  expect(await kind.sh("pgrep -u 1900000001 -f 'brief' || true")).toBe("");
  expect((await kind.get("brief")).body).toBe("brief");
});

test("a symlink leads to its root; switched to another release, all of that one is served within seconds, without a restart", async () => {
  const release = async () => `${(await kind.get("releases")).body} ${(await kind.get("releases", "/plain.txt")).body}`;
  await kind.sh("cd /srv/accounts/1/home && ln -s first current");
  // PHP knows where the paths lead.
  expect([await release(), await release()]).toEqual(["first first first", "first first first"]);
  const id = () => kind.sh("systemctl show -p MainPID account-1-http-releases.service");
  const before = await id();
  await kind.sh("cd /srv/accounts/1/home && ln -s second next && mv -T next current");
  await expect.poll(release).toBe("second second second");
  expect(await id()).toBe(before);
});

test("a directory that is missing turns visitors away at once, says so, and heals", async () => {
  const { status, seconds } = await kind.get("missing");
  expect(status).toBe(502);
  expect(seconds).toBeLessThan(40);
  await expect.poll(() => kind.log("missing")).toContain("directory /home/alice/missing is not there");
  await kind.sh(
    "mkdir /srv/accounts/1/home/missing; echo now > /srv/accounts/1/home/missing/index.html; chmod -R a+rX /srv/accounts/1/home/missing; chown -R 1900000001 /srv/accounts/1/home/missing",
  );
  await kind.getUntil("missing", ({ body }) => body === "now\n", 30);
});

test("a directive that PHP does not understand costs neither the site nor a minute", async () => {
  expect(await kind.get("broken")).toMatchObject({ status: 200, body: "up" });
  expect(await kind.log("broken")).toContain("jit");
});
