import { expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import type { Declaration } from "../registry/kinds.generated.ts";

const valid = declarationFixture({ hosts: 3, accounts: 2 });
const [first, ...others] = valid.hosts;
/** Account 1 of h1 has a standby, account 2 of h2 has none; h1 is lost if it is said. */
function declaration(lost?: "2026-11-29"): Declaration {
  return {
    ...valid,
    hosts: [{ ...first!, ...(lost && { lost }) }, ...others, { ...first!, name: "keeper", role: "backup" }],
    accounts: valid.accounts.map((account, index) => ({
      ...{ ...account, backup: { site: first!.site, retentionDays: 7 } },
      ...(index === 0 && { standby: "h3" }),
    })),
  };
}
const filesOf = (declared: Declaration) =>
  new Map(
    Object.values(renderBundle(declared, "keeper").groups).flatMap((group) =>
      group!.files.map(({ path, content, link }) => [path, content ?? link!] as const),
    ),
  );

test("whoever logs in to a backup host may run one command alone, which their key names: a standby's reads, and a host's brings", () => {
  const files = filesOf(declaration());
  const places = /^AuthorizedKeysFile (.*)$/gm;
  const named = [...files.get("repositories/sshd.conf")!.matchAll(places)].flatMap(([, paths]) => paths!.split(" "));
  expect(named.map((path) => path.replace(/^.*\/current\//, ""))).toEqual([
    ...["repositories/keys/%u", "repositories/standbys/%u"],
    "repositories/asking",
  ]);
  const keys = [...files].filter(([path]) => /^repositories\/(?:hosts|copying|asking)/.test(path));
  expect(keys.map(([path]) => path).sort()).toEqual([
    "repositories/asking",
    ...["copying", "hosts"].flatMap((folder) => ["h1", "h2", "h3"].map((host) => `repositories/${folder}/${host}`)),
  ]);
  for (const [path, text] of keys) {
    const script = path.startsWith("repositories/asking")
      ? /\/bin\/cat /
      : path.includes("/hosts/")
        ? /serve"/
        : /serve-copy"/;
    for (const line of text.split("\n").filter(Boolean)) {
      expect(line).toMatch(/^restrict,command="[^"]+" ssh-ed25519 [A-Za-z0-9+/=]+$/);
      expect(line).toMatch(script);
    }
  }
});

test("an account's own host and its standby are the only ones that come as the account; a lost host copies nothing", () => {
  const links = (declared: Declaration) =>
    [...filesOf(declared)].filter(([path]) => /^repositories\/(?:keys|standbys)\//.test(path)).sort();
  const expected = [
    ["repositories/keys/a1", "../hosts/h1"],
    ["repositories/keys/a2", "../hosts/h2"],
    ["repositories/standbys/a1", "../copying/h3"],
  ];
  expect(links(declaration())).toEqual(expected);
  expect(filesOf(declaration()).get("repositories/copying/h1")).toContain("serve-copy");
  expect(filesOf(declaration("2026-11-29")).get("repositories/copying/h1")).toBe("");
});
