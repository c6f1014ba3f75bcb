import { expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, type FixtureAccount, programServer } from "../../testing/fixtures/bundle-fixture.ts";

const suspended = { since: "2026-11-22", reason: "unpaid" };

/** Paths of account 1 on its host that have to do with a cache. */
function cacheFiles(account: Partial<FixtureAccount>): string[] {
  const declaration = declarationOf([{ number: 1, name: "alice", ...account }]);
  const { files } = renderBundle(declaration, "web1").groups["account-1"]!;
  return files.map(({ path }) => path).filter((path) => /cache|upstream|varnish/.test(path));
}
const servers = [programServer("app", ["bin/app"], { cache: true }), programServer("other", ["bin/other"])];

test("an account has a cache if one of its web sites has", () => {
  expect(cacheFiles({ servers })).toEqual([
    "nginx/settings/1.upstreams",
    "systemd/account-1-cache.service",
    "systemd/fairhost.target.wants/account-1-cache.service",
    "varnish/1.vcl",
  ]);
  expect(cacheFiles({ servers: servers.slice(1) })).toEqual([]);
});

test("of a suspended account nothing is given from its cache, which does not run", () => {
  expect(cacheFiles({ servers, suspended })).toEqual([]);
});
