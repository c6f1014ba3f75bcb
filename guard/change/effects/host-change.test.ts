import { describe, expect, test } from "vitest";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { allKinds } from "../../../components/registry/subject.ts";
import { renderBundle, rendersAlone } from "../../../delivery/render-bundle.ts";
import { chooseHooks } from "../../../host/apply/hooks/choose.ts";
import {
  declarationOf,
  type FixtureAccount,
  programServer,
  staticServer,
} from "../../../testing/fixtures/bundle-fixture.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { changesBetween } from "../diff.ts";
import { sideOf } from "../side.ts";
import { type HostChange, hostChanges, touchesResidents } from "./host-change.ts";

const accounts: readonly FixtureAccount[] = [
  {
    number: 1,
    name: "alice",
    servers: [staticServer("blog"), staticServer("shop"), programServer("app", ["bin/app"])],
  },
  { number: 2, name: "bob", servers: [staticServer("blog")] },
  { number: 3, name: "empty" },
];

const [alice, ...others] = accounts as [FixtureAccount, ...FixtureAccount[]];
const valid = declarationOf(accounts);

function between(before: Declaration, after: Declaration): HostChange[] {
  return hostChanges(sideOf(before), sideOf(after), changesBetween(before, after));
}

/** As if the two programs rendered differently: then everything is rendered on both sides. */
function betweenWholes(before: Declaration, after: Declaration): HostChange[] {
  const old = sideOf(before);
  const side = { ...old, render: (of: Declaration, host: string) => old.render(of, host) };
  return hostChanges(side, sideOf(after), changesBetween(before, after));
}

describe("the rendered part of a change shows all differences", () => {
  test.each<[string, FixtureAccount]>([
    ["a server changes", { ...alice, servers: [staticServer("blog", 7), ...alice.servers!.slice(1)] }],
    ["the first server leaves, the others get other numbers", { ...alice, servers: alice.servers!.slice(1) }],
    ["a server comes", { ...alice, servers: [...alice.servers!, staticServer("wiki")] }],
    [
      "the host names of one",
      { ...alice, servers: alice.servers!.map((each) => ({ ...each, hostnames: [`${each.name}.test`] })) },
    ],
    ["limits and a server", { ...alice, limits: { memoryMaxMb: 4096 }, servers: [staticServer("blog", 7)] }],
    ["the account alone", { ...alice, name: "alicia" }],
  ])("%s", (_name, changed) => {
    const after = declarationOf([changed, ...others]);
    const found = between(valid, after);
    expect(found).toEqual(betweenWholes(valid, after));
    expect(found).toHaveLength(1);
    // The hooks are the same as those of the applier, which has both whole bundles.
    const [base, next] = [renderBundle(valid, "web1"), renderBundle(after, "web1")];
    expect(found[0]!.hooks).toEqual(chooseHooks({ bases: [base], next }));
    expect(found[0]!.groups.map(({ group }) => group)).toEqual(["account-1"]);
  });

  // Kinds are rendered by several concepts, each with another part of an account: none of them may be left out.
  test.each(
    allKinds.flatMap(({ key, accountOf }) => (accountOf && key !== "accounts" && key !== "addresses" ? [key] : [])),
  )("one of %s goes, or stays while all others go", (key) => {
    const whole = declarationFixture({ hosts: 1, accounts: 2 });
    const elements: readonly unknown[] = whole[key];
    expect(elements).not.toEqual([]);
    for (const after of [
      { ...whole, [key]: elements.slice(1) },
      { ...whole, [key]: elements.slice(0, 1) },
    ]) {
      expect(between(whole, after)).toEqual(betweenWholes(whole, after));
    }
  });

  test("a change of one server renders nothing that follows from the account alone", () => {
    const part = new Map([[1, new Set(["httpServers 1/blog"])]]);
    const files = renderBundle(valid, "web1", part).groups["account-1"]!.files.map(({ path }) => path);
    expect(files).toContain("systemd/account-1-http-blog.service");
    expect(files.filter((path) => /userdb|slice|account-1-http-(?!blog)/.test(path))).toEqual([]);
    expect(rendersAlone("httpServers")).toBe(true);
  });

  test("the first PHP site of a host brings its packages, the second brings nothing more; a spare host follows", () => {
    const php = { kind: "php", root: "www", fallback: "index.php", workers: 2, ini: {}, environment: {} } as const;
    const site = (name: string) => ({ ...php, name, idleSeconds: 300 });
    const spare = { ...valid.hosts[0]!, name: "web2", role: "spare" };
    const side = (...names: string[]) => {
      const declaration = declarationOf([...accounts, { number: 4, name: "dora", servers: names.map(site) }]);
      return { ...declaration, hosts: [...declaration.hosts, spare] };
    };
    const packages = (before: Declaration, after: Declaration) =>
      between(before, after).map(({ host, packages: own }) => [host, own?.includes("php-fpm")]);
    expect(packages(side(), side("one"))).toEqual([
      ["web1", true],
      ["web2", true],
    ]);
    expect(packages(side("one"), side("one", "two"))).toEqual([["web1", undefined]]);
    expect(packages(side("one"), side())).toEqual([["web1", undefined]]);
  });

  test("a server changes while its host leaves: the whole account goes", () => {
    const servers = valid.httpServers.map((each) => (each.account === 1 ? { ...each, idleSeconds: 7 } : each));
    const after = { ...valid, hosts: [], httpServers: servers };
    const files = (found: HostChange[]) => found[0]!.groups.find(({ group }) => group === "account-1")!.files;
    expect(files(between(valid, after))).toEqual(files(betweenWholes(valid, after)));
  });
});

test("what a backup host says of a lost host is no change of the backup host: a takeover is not held back by their number", () => {
  const before = declarationFixture();
  const lost = before.hosts.find(({ role, ssh }) => role !== "backup" && ssh?.hostKey !== undefined)!.name;
  const hosts = before.hosts.map((host) => (host.name === lost ? { ...host, lost: "2026-11-27" } : host));
  const keeper = before.hosts.find(({ role }) => role === "backup")!.name;
  const change = between(before, { ...before, hosts }).find(({ host }) => host === keeper)!;
  expect(change.groups.map(({ files }) => files.map(({ path }) => path))).toEqual([
    [`repositories/answers/${lost}`, `repositories/copying/${lost}`],
  ]);
  expect(touchesResidents(change)).toBe(false);
  const [own] = change.groups;
  const keys = { path: "repositories/asking", before: "", after: "restrict\n" };
  expect(touchesResidents({ ...change, groups: [{ ...own!, files: [...own!.files, keys] }] })).toBe(true);
});
