import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programServer } from "../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../testing/kind-host.ts";
import { applicationRequests } from "../../testing/requests/application-requests.cases.ts";
import { ordinaryExclusions, ordinaryRequests } from "../../testing/requests/ordinary-requests.cases.ts";

/** What people do all day with their web sites passes the firewall, with as little taken away from it as can be. */
const programs = join(import.meta.dirname, "../../testing/programs");
const levels = ["basic", "strong"] as const;
const all = { ordinary: { requests: ordinaryRequests, waf: {} }, ...applicationRequests };
/** Those for which CRS knows no application exclude rules by paths, and share a web site. */
const exclusions = [
  ...ordinaryExclusions,
  ...Object.values(applicationRequests).flatMap(({ waf }) => waf.exclusions ?? []),
];
/** As many as a web site may have, as long as they may be, from ranges of each length. */
const lengths = [...Array(46).keys()].map((index) => [`2001:db8:ffff:ffff:ffff:ffff:ffff:${100 + index}`, 128 - index]);
const from = [...lengths, ["0.0.0.0", 0], ["192.0.2.1", 32], ["::ffff:192.0.2.1", 128], ["::", 0]].map((range) =>
  range.join("/"),
);
const path = (index: number) => `/${`${index}-`.padEnd(199, "x")}`;
const most = from.map((range, index) => `942000-942999 ${path(index)} from ${range}`);
const site = (name: string, waf: object) =>
  programServer(name, ["/usr/bin/node", "answers.mjs"], { waf: waf as never });

let kind: KindHost;
beforeAll(async () => {
  const servers = levels.flatMap((level) => [
    site(level, { level, exclusions }),
    site(`wordpress-${level}`, { level, applications: ["wordpress"] }),
    site(`dokuwiki-${level}`, { level, applications: ["dokuwiki"] }),
    site(`most-${level}`, { level, exclusions: most }),
  ]);
  kind = await bootKind("wafapps", servers, { "answers.mjs": readFileSync(join(programs, "answers.mjs")) });
  await kind.host.writeFile(
    "/root/ask-all.py",
    readFileSync(join(import.meta.dirname, "../../testing/requests/ask-all.py")),
  );
  await kind.sh("until test -S /run/fairhost-waf/socket; do sleep 0.1; done");
}, 120_000);
afterAll(() => kind?.[Symbol.asyncDispose]());

describe.each(levels)("at level %s", (level) => {
  test.each(Object.entries(all))("of requests of %s none is refused", async (name, { requests, waf }) => {
    const asked = `${"applications" in waf ? `${name}-` : ""}${level}.alice.test`;
    const { stdout, stderr } = await kind.host.run(["python3", "/root/ask-all.py", asked], {
      stdin: JSON.stringify(requests),
    });
    expect([JSON.parse(stdout || "[]"), stderr]).toEqual([[], ""]);
  });
});

test("they are many, and most of an application's look like attacks: without what is told of it they are refused", async () => {
  const requests = Object.values(all).flatMap(({ requests }) => requests);
  expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBeGreaterThanOrEqual(400);
  const { stdout } = await kind.host.run(["python3", "/root/ask-all.py", "dokuwiki-strong.alice.test"], {
    stdin: JSON.stringify(applicationRequests.wordpress!.requests),
  });
  expect((JSON.parse(stdout) as unknown[]).length).toBeGreaterThanOrEqual(8);
});

const script = "<script>alert(document.cookie)</script>";
const post = async (server: string, path: string, ...fields: string[]) =>
  (await kind.get(server, path, ...fields.flatMap((field) => ["--data-urlencode", field]))).status;

test("what an application's users write passes in the fields that are for it, in no others, and in no other web site", async () => {
  const edit = ["action=editpost", "post_ID=1"];
  expect(await post("wordpress-strong", "/wp-admin/post.php", ...edit, `content=${script}`)).toBe(200);
  for (const [server, path, field] of [
    ["wordpress-strong", "/wp-admin/post.php", "excerpt"],
    ["wordpress-strong", "/index.php", "content"],
    ["strong", "/wp-admin/post.php", "content"],
    ["dokuwiki-strong", "/wp-admin/post.php", "content"],
  ] as const) {
    const asked = [server, path, field];
    expect([...asked, await post(server, path, ...edit, `${field}=${script}`)]).toEqual([...asked, 403]);
  }
});

test("in a wiki only whom it knows writes what is not looked at", async () => {
  const write = async (...more: string[]) =>
    (await kind.get("dokuwiki-strong", "/doku.php?id=a", ...more, "--data-urlencode", `wikitext=${script}`)).status;
  expect(await write("-b", "DW68700bfd16c2027de7de74a5a8202a6f=a2lt")).toBe(200);
  expect(await write()).toBe(403);
});

test("a body that cannot be read is refused, whatever an application's rules take away", async () => {
  const broken = ["-H", "Content-Type: multipart/form-data; boundary=x", "--data", "--y\r\nno part\r\n"];
  expect((await kind.get("wordpress-strong", "/wp-json/wp/v2/media", ...broken)).status).toBe(403);
});

test("each of many exclusions counts, for visitors from its range alone", async () => {
  const sql = async (index: number, ...words: string[]) =>
    (await kind.get("most-strong", `${path(index)}?id=1%27%20OR%20%271%27=%271`, ...words)).status;
  const statuses = async (...words: string[]) =>
    Promise.all([0, 1, 2, 3, 45, 46, 47, 48, 49].map((index) => sql(index, ...words)));
  expect(await statuses()).toEqual([403, 403, 403, 403, 403, 403, 403, 403, 200]);
  const visitor = "2001:db8:ffff:ffff:ffff:ffff:ffff:103";
  await kind.sh(`ip address add ${visitor}/128 dev lo nodad`);
  expect(await statuses("--interface", visitor)).toEqual([403, 403, 200, 200, 200, 403, 403, 403, 200]);
});

test("all rules between two do not count below a path, and the others do", async () => {
  expect(await post("strong", "/admin/pages", `text=${script}`)).toBe(200);
  expect(await post("strong", "/adminpages", `text=${script}`)).toBe(403);
  expect(await post("strong", "/admin/pages", "file=../../../../etc/passwd")).toBe(403);
});
