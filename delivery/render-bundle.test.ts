import { globSync } from "node:fs";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { folderOf } from "../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../components/registry/bundle/bundle-folders.generated.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { allKinds } from "../components/registry/subject.ts";
import { declarationOf, type FixtureAccount, programServer, staticServer } from "../testing/fixtures/bundle-fixture.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import type { Bundle, BundleFile, BundleGroup } from "./protocol/bundle.ts";
import { encodeBundle } from "./protocol/digest.ts";
import { renderBundle } from "./render-bundle.ts";

const special: readonly FixtureAccount[] = [
  { number: 3, name: "alice", servers: [staticServer("blog", 20), staticServer("always", 0, "www/always")] },
  {
    number: 2,
    name: "bob",
    limits: { cpuWeight: 50, memoryMaxMb: 1024, tasksMax: 400 },
    servers: [programServer("app", ["/usr/bin/python3", "app.py"], { environment: { MODE: 'a "b" $c %d' } })],
  },
  {
    number: 1204,
    name: "dave-s",
    servers: [programServer("api", ["bin/api", "--say", "50 %"], { socketActivation: true, directory: "apps/api" })],
  },
  { number: 65_535, name: "empty" },
];

const filesOf = (bundle: Bundle) =>
  Object.entries(bundle.groups).flatMap(([group, value]) => value!.files.map((file) => ({ group, ...file })));

const golden = join(import.meta.dirname, "golden");
const written = new Set<string>();

/** Text and shape of every file of these groups. */
function hasGoldenFiles(bundle: Bundle, shapeOf: string, groups: (group: string) => boolean = () => true): void {
  const texts = filesOf(bundle).filter(({ group, content }) => content !== undefined && groups(group));
  for (const file of [shapeOf, ...texts.map(({ group, path }) => `${group}/${path}`)]) written.add(file);

  test.each(texts.map(({ group, path, content }) => [`${group}/${path}`, content!] as const))(
    "%s",
    async (path, content) => {
      await expect(content).toMatchFileSnapshot(`golden/${path}`);
    },
  );

  test("paths, modes, links, units and directories", async () => {
    const own = Object.entries(bundle.groups).filter(([group]) => groups(group));
    const shape = own.map(([group, value]) => {
      const files = value!.files.map(
        ({ path, mode = 0o644, link }) => `  ${mode.toString(8)} ${path}${link === undefined ? "" : ` -> ${link}`}`,
      );
      const units = value!.units.map(({ name, want, restartOn }) => `  ${want} ${name}: ${restartOn.join(" ")}`);
      const directories = (value!.account?.directories ?? []).map(
        ({ path, owner, mode }) => `  ${owner} ${mode.toString(8)} ${path}`,
      );
      return [group, ...files, ...units, ...directories].join("\n");
    });
    await expect(`${shape.join("\n")}\n`).toMatchFileSnapshot(`golden/${shapeOf}`);
  });
}

describe("whole files of a host with one account that has one of each kind, as the fixtures give it", () => {
  hasGoldenFiles(renderBundle(declarationFixture({ hosts: 1, accounts: 1 }), "h1"), "shape.txt");
});

describe("whole files of accounts with values worth seeing", () => {
  hasGoldenFiles(renderBundle(declarationOf(special), "web1"), "shape-special.txt", (group) => group !== "host");
});

test("no golden file is left over from what is no longer rendered: delete these", () => {
  const files = globSync("**", { cwd: golden, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(golden, join(entry.parentPath, entry.name)));
  expect(paths.filter((path) => !written.has(path))).toEqual([]);
});

test("no file gives a unit both PID namespace and Type=exec: systemd 257 can die of the two (decision 37)", () => {
  const confined = filesOf(renderBundle(declarationFixture({ hosts: 1, accounts: 1 }), "h1")).filter(({ content }) =>
    content?.includes("PrivatePIDs=yes"),
  );
  expect(confined.map(({ path }) => path)).toContain("systemd/account-.service.d/50-sandbox.conf");
  for (const { path, content } of confined) expect(content, path).not.toMatch(/^Type=(?!simple$|oneshot$)/m);
});

describe("the bundle", () => {
  test("is the same for every order of the declaration", () => {
    const declaration = declarationOf(special);
    const digest = renderBundle(declaration, "web1").digest;
    const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length });
    const lists = fc.record({
      accounts: shuffled(declaration.accounts),
      addresses: shuffled(declaration.addresses),
      httpServers: shuffled(declaration.httpServers),
    });
    fc.assert(
      fc.property(lists, (change) => {
        expect(renderBundle({ ...declaration, ...change }, "web1").digest).toBe(digest);
      }),
    );
  });

  test("has no path twice, only registered folders, and exactly one of content and link", () => {
    const files: BundleFile[] = filesOf(renderBundle(declarationOf(special), "web1"));
    expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
    for (const { path, content, link } of files) {
      expect(folderOf(path, bundleFolders), path).toBeDefined();
      expect([content, link].filter((value) => value !== undefined)).toHaveLength(1);
    }
  });

  test("restarts only on files it has", () => {
    const bundle = renderBundle(declarationFixture(), "h1");
    const paths = filesOf(bundle).map(({ path }) => path);
    for (const { restartOn } of Object.values(bundle.groups).flatMap((group) => group!.units)) {
      for (const needed of restartOn)
        expect(paths.some((path) => path === needed || path.startsWith(needed))).toBe(true);
    }
  });

  test("has a unit for every unit file that can run, since what is not a unit is neither stopped nor checked for drift", () => {
    const { groups } = renderBundle(declarationFixture(), "h1");
    for (const [group, { files, units }] of Object.entries(groups) as [string, BundleGroup][]) {
      const names = files.flatMap(
        ({ path }) => /^systemd\/([^/]+\.(?:service|socket|timer|path))$/.exec(path)?.[1] ?? [],
      );
      expect(
        units.map(({ name }) => name),
        group,
      ).toEqual(expect.arrayContaining(names));
    }
  });

  test("hands no socket of the host's network to an account: each is a Unix socket, or what it accepts is marked", () => {
    const sockets = filesOf(renderBundle(declarationFixture(), "h1")).filter(
      ({ path, content }) => /^systemd\/account-\d+-.*\.socket$/.test(path) && content !== undefined,
    );
    expect(sockets.length).toBeGreaterThan(2);
    for (const { path, content = "" } of sockets) {
      const listens = content.split("\n").filter((line) => line.startsWith("Listen"));
      expect(listens.length, path).toBeGreaterThan(0);
      if (listens.some((line) => !/^ListenStream=\/run\/fairhost-[a-z]+\/[a-z0-9-]+$/.test(line)))
        expect(content, path).toMatch(/^Mark=/m);
    }
  });

  test("changes only one group when one account changes", () => {
    const before = renderBundle(declarationOf(special), "web1");
    const changed = special.map((account) =>
      account.number === 3 ? { ...account, servers: [staticServer("blog", 21)] } : account,
    );
    const after = renderBundle(declarationOf(changed), "web1");
    const differing = Object.keys(before.groups).filter(
      (group) => before.groups[group as "host"]!.digest !== after.groups[group as "host"]?.digest,
    );
    expect(differing).toEqual(["account-3"]);
  });

  test("does not change the host group when accounts are added or removed", () => {
    const hostDigest = (accounts: readonly FixtureAccount[]) =>
      renderBundle(declarationOf(accounts), "web1").groups.host!.digest;
    expect(hostDigest(special)).toBe(hostDigest([]));
  });

  test("says what is missing", () => {
    expect(() => renderBundle(declarationOf([]), "web9")).toThrow("host web9 is not declared");
    const declaration: Declaration = { ...declarationOf(special), addresses: [] };
    expect(() => renderBundle(declaration, "web1")).toThrow("account 2 has no address on web1");
  });

  test("with 1,000 accounts takes ten times as long as with 100, is small and survives encoding unchanged", () => {
    const declared = (count: number) =>
      declarationOf(
        Array.from({ length: count }, (_, index): FixtureAccount => {
          const command = ["/usr/bin/python3", "app.py", `--site=${index * 7919}`];
          const server = index % 2 === 0 ? staticServer("blog") : programServer("app", command);
          return { number: index + 1, name: `account-${index + 1}`, servers: [server] };
        }),
      );
    const took = (declaration: Declaration) => {
      const start = performance.now();
      renderBundle(declaration, "web1");
      return performance.now() - start;
    };
    const [few, declaration] = [declared(100), declared(1000)];
    const bundle = renderBundle(declaration, "web1");
    const encoded = encodeBundle(bundle);
    expect(encoded).toBe(encodeBundle(renderBundle(declaration, "web1")));
    expect(JSON.parse(gunzipSync(Buffer.from(encoded, "base64")).toString())).toEqual(bundle);
    expect(encoded.length).toBeLessThan(2_000_000);
    // Quadratic work would make it a hundred times, each time; a busy machine was seen to make it seventy.
    const isLinear = () => took(declaration) < 60 * took(few);
    expect(Array.from({ length: 20 }).some(isLinear)).toBe(true);
  });
});

test("a suspended account keeps its identity, limits and directories, and has a page; nothing of it is started", () => {
  const whole = declarationFixture({ accounts: 1 });
  const accounts = whole.accounts.map((account) => ({
    ...account,
    suspended: { since: "2026-11-22", reason: "unpaid" },
  }));
  const [before, after] = [whole, { ...whole, accounts }].map((each) => renderBundle(each, "h1"));
  expect(after!.groups.host).toEqual(before!.groups.host);
  const { files, units, account } = after!.groups["account-1"]!;
  expect(units).toEqual([]);
  expect(account).toEqual(before!.groups["account-1"]!.account);
  // A kind that lets somebody in or starts something does not belong here. A web site of whatever kind has its name.
  const paths = files.map(({ path }) =>
    path.replace(/\b20000\d+\b/, "UID").replace(/^(sites\/names\/).*1\.example\.org$/, "$1NAME"),
  );
  expect([...new Set(paths)]).toMatchInlineSnapshot(`
    [
      "backup/accounts/1",
      "bird/accounts/1.conf",
      "network/accounts/1",
      "proc/1.meminfo",
      "sites/names/2001:db8:1:1::1",
      "sites/names/NAME",
      "systemd/account-1-.service.d/50-limits.conf",
      "systemd/account-1-.service.d/50-network.conf",
      "systemd/account-1-.service.d/60-mounts.conf",
      "systemd/account-1.slice",
      "userdb/UID.group",
      "userdb/UID.user",
      "userdb/a1.group",
      "userdb/a1.user",
    ]
  `);
  expect(JSON.stringify(after)).not.toContain("unpaid");
});

test("a drop-in that says what an account's programs see restarts each service of the account, of whatever kind", () => {
  const bundle = renderBundle(declarationFixture(), "h1");
  const files = filesOf(bundle).map(({ path }) => path);
  const units = Object.values(bundle.groups).flatMap((group) => group!.units);
  const services = units.filter(({ name }) => /^account-\d+-.*\.service$/.test(name));
  const deaf = services.flatMap(({ name, restartOn }) => {
    const [, number] = /^account-(\d+)-/.exec(name)!;
    // Limits take effect at once; the network's says the same for all time, and the fence's matters at a boot.
    const seen = files.filter((path) =>
      new RegExp(`^systemd/account-(?:${number}-)?\\.service\\.d/(?!50-limits|50-network|50-fence)`).test(path),
    );
    return seen.filter((path) => !restartOn.includes(path)).map((path) => `${name}: ${path}`);
  });
  // Not of some kinds alone: the names say which concepts are here.
  const concepts = [...new Set(services.map(({ name }) => name.split(/[-@]/)[2]))];
  expect(concepts).toEqual(expect.arrayContaining(["http", "service", "sftp", "ssh", "task"]));
  expect(files.filter((path) => path.endsWith("60-mounts.conf"))).not.toEqual([]);
  expect(deaf).toEqual([]);
});

test.for(allKinds.map(({ key }) => key))(
  "a state that an interrupted run left without %s renders, or says what it lacks",
  (key) => {
    const left = { ...declarationFixture(), [key]: [] };
    const { host } = declarationFixture().accounts[0]!;
    try {
      expect(renderBundle(left, host).digest).toMatch(/^[0-9a-f]{64}$/);
    } catch (error) {
      // What the guard takes for "cannot be read" (guard/engine/sides.ts).
      expect(error).toBeInstanceOf(RangeError);
    }
  },
);
