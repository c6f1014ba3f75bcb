import { afterAll, beforeAll, expect, test } from "vitest";
import { type FixtureServer, staticServer } from "../../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../../testing/kind-host.ts";

const redirect = (name: string, to: string, change: object = {}): FixtureServer => ({
  ...({ kind: "redirect", name, to, status: 308, keepPath: true } as const),
  ...{ idleSeconds: 300, ...change },
});
const servers = [
  redirect("old", "https://www.example.org/new/"),
  redirect("moved", "https://example.org", { status: 301 }),
  redirect("front", "https://example.org/sale", { status: 302, keepPath: false }),
  redirect("form", "http://example.org:8080", { status: 307 }),
  staticServer("www"),
];

let kind: KindHost;
beforeAll(async () => {
  kind = await bootKind("redirect", servers, { "www/index.html": "here" });
});
afterAll(() => kind?.[Symbol.asyncDispose]());

test.each([
  ["old", "/a/b?x=1&y=%20", 308, "https://www.example.org/new/a/b?x=1&y=%20"],
  ["old", "/", 308, "https://www.example.org/new/"],
  ["moved", "/a", 301, "https://example.org/a"],
  ["front", "/a?x=1", 302, "https://example.org/sale"],
  ["form", "//evil.example/%0d%0aSet-Cookie:x=1", 307, "http://example.org:8080//evil.example/%0d%0aSet-Cookie:x=1"],
  ["old", "/x/../$host{x};", 308, "https://www.example.org/new/x/../$host{x};"],
])("%s%s is answered with %i to %s", async (server, path, status, location) => {
  const answer = await kind.get(server, path);
  expect({ status: answer.status, location: answer.headers.location, cookie: answer.headers["set-cookie"] }).toEqual({
    ...{ status, location, cookie: undefined },
  });
});

test("no process, no socket, and a line in the account's own log; its other servers answer as always", async () => {
  expect(await kind.sh("ls /run/fairhost-http")).toBe("account-1-http-www\n");
  expect(await kind.get("www")).toMatchObject({ status: 200, body: "here" });
  await expect
    .poll(() => kind.sh("cat /srv/accounts/1/admin/logs/front-end/access.log"))
    .toContain('"GET /a?x=1 HTTP/1.1" 302');
});
