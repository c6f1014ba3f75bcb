import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { bootKind, type KindHost } from "../../../testing/kind-host.ts";
import { tellingServers } from "../../../testing/telling-servers.ts";

/** A body whose length nobody has said (chunks of HTTP/1.1, HTTP/2) arrives whole, whatever server it goes to and whatever stands before that; or its visitor is told that it did not. */
const waf = { level: "strong" } as const;
const php = tellingServers.find(({ server }) => server.kind === "php")!.server;
const servers: readonly FixtureServer[] = [
  ...tellingServers.map(({ server }) => server),
  { ...php, name: "php-cache", cache: true },
  { ...php, name: "php-firewall", waf },
  { ...php, name: "php-both", waf, cache: true },
];
/** What servers that take no body say to everybody who sends one. */
const takesNone = Object.fromEntries(
  tellingServers.map(({ server, refusesBodies }) => [server.name, refusesBodies] as const),
);

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
  kind = await bootKind("no-length", servers, Object.assign({}, ...tellingServers.map(({ files }) => files)));
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
