import { join } from "node:path";
import { expect, test } from "vitest";
import { anchorOf, checkoutTree, deadInMarkdown, deadInSource, type Tree } from "../testing/references.ts";

const checkout = checkoutTree(join(import.meta.dirname, ".."));
/** All of the checkout is read: on a busy machine that takes more than the usual minute. */
const slow = { timeout: 600_000 };

test("no page has a link, a path, an npm script or a test that leads nowhere", slow, () => {
  const pages = [...checkout.files].filter((file) => file.endsWith(".md") && !file.includes("/golden/"));
  expect(pages).toContain("README.md");
  expect(pages.flatMap((page) => deadInMarkdown(checkout, page))).toEqual([]);
});

test("no module names a file, a page or an npm script that is not there", slow, () => {
  const modules = [...checkout.files].filter((file) => file.endsWith(".ts") && file !== "docs/links.test.ts");
  expect(modules).toContain("index.ts");
  expect(modules.flatMap((file) => deadInSource(checkout, file))).toEqual([]);
});

test("who cites a decision by its number links to the record of that number, which has it in its title", () => {
  const pages = [...checkout.files].filter((file) => file.endsWith(".md"));
  const wrong = pages.flatMap((page) => {
    const text = checkout.read(page);
    const [, own, title] = /^docs\/decisions\/(\d{4})-.*?\n# (\d+)\./s.exec(`${page}\n${text}`) ?? [];
    const cited = [
      ...text.matchAll(/\[(?:decisions? )?(\d{1,2})\]\([^)\s]*?(\d{4})-[a-z]|^\| (\d+) \| .*\((\d{4})-[a-z]/gim),
    ];
    const pairs = cited.map(([, label, file, row, of]) => [label ?? row, file ?? of]);
    return [[title, own], ...pairs].flatMap(([is, be]) =>
      Number(is) === Number(be) || !be ? [] : [`${page}: ${is} for ${be}`],
    );
  });
  expect(wrong).toEqual([]);
});

test("the index of decisions has each record once, by number, with the status and the date that the record has", () => {
  const records = [...checkout.files].filter((file) => /^docs\/decisions\/\d{4}-/.test(file)).sort();
  const index = [
    ...checkout.read("docs/decisions/README.md").matchAll(/^\| \d+ \| .*\((.*?)\) \| (\w+).* \| ([\d-]+)/gm),
  ].map(([, file, status, date]) => [`docs/decisions/${file}`, status, date]);
  const own = records.map((file) => {
    const text = checkout.read(file).slice(0, 1000);
    return [file, /Status: (\w+)/.exec(text)?.[1], /Date: ([\d-]+)/.exec(text)?.[1]];
  });
  expect(index).toEqual(own);
});

test("a link that is named as a file leads to the file of that name", () => {
  const pages = [...checkout.files].filter((file) => file.endsWith(".md") && !file.includes("/golden/"));
  const links = pages.flatMap((page) =>
    [...checkout.read(page).matchAll(/\[([\w./-]+\.md)\]\(([^)#\s]+)/g)].map(([, name, target]) => [
      page,
      name,
      target,
    ]),
  );
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter(([, name, target]) => !`/${target}`.endsWith(`/${name}`))).toEqual([]);
});

test("no entry of the changelog stands twice in one release", () => {
  const releases = checkout.read("CHANGELOG.md").split(/^## /m).slice(1);
  expect(releases.length).toBeGreaterThan(1);
  for (const release of releases) {
    const begins = [...release.matchAll(/^- (.{50})/gm)].map(([, begin]) => begin);
    expect(begins.filter((begin, index) => begins.indexOf(begin) !== index)).toEqual([]);
  }
});

/** A small repository in memory. */
function tree(files: Readonly<Record<string, string>>): Tree {
  return { files: new Set(Object.keys(files)), scripts: new Set(["demo"]), read: (file) => files[file]! };
}

const page = `# One page

## \`the\` (second) heading

## Twice

## Twice
`;

test("what leads nowhere in a page is named", () => {
  const text = `[file](other.md) [gone](gone.md) [here](#one-page) [nowhere](#two) [out](https://example.org/x)
[heading](other.md#the-second-heading) [again](other.md#twice-1) [not thrice](other.md#twice-2) [dir](../components)

[reference]

\`components/a.ts\` \`components/b.ts\` \`components/*/rules/\` \`components/*/<rule>.ts\` \`a.ts\` \`b.ts\` \`accounts/1.yaml\`
\`node components/a.ts\` \`node components/c.ts --check\` \`components/{a,b}.ts\` \`docs/old.md#a\` \`and/or\` \`/usr/b.ts\`

\`npm run demo\`

    npm run -s demi
    npx vitest run components docs --project unit -u   # not docs
    npx vitest run components/account --project it --project engine

[reference]: missing.md
`;
  const files = { "docs/page.md": text.replace("#one-page", "#x"), "docs/other.md": page, "components/a.ts": "" };
  const more = {
    "components/account/rules/r.ts": "",
    "components/account/rules/a.it.test.ts": "",
    "components/b.test.ts": "",
  };
  const dead = deadInMarkdown(tree({ ...files, ...more }), "docs/page.md");
  expect(dead).toEqual([
    "docs/page.md: link to gone.md: no such file",
    "docs/page.md: link to #x: no such heading",
    "docs/page.md: link to #two: no such heading",
    "docs/page.md: link to other.md#twice-2: no such heading",
    "docs/page.md: link to missing.md: no such file",
    "docs/page.md: `components/b.ts`: no such file",
    "docs/page.md: `components/*/<rule>.ts`: no such file",
    "docs/page.md: `b.ts`: no such file",
    "docs/page.md: `components/c.ts`: no such file",
    "docs/page.md: `docs/old.md`: no such file",
    "docs/page.md: npm run demi: no such script",
    "docs/page.md: vitest run components docs --project unit -u: no test for docs",
    "docs/page.md: vitest run components/account --project it --project engine: no test for engine",
  ]);
});

test("what is not there in a module is named", () => {
  const text = `
/**
 * Reads what inventory/plan.ts and lib/lists.ts say (docs/decisions/0001), see ./near.ts, docs/decisions/0002.
 */
const a = "inventory/other.ts"; // as in testing/gone.ts, read/write
const page = "docs/gone.md#anchor", fix = "npm run demo, npm run gone";
`;
  const files = { "lib/lists.ts": text, "lib/near.ts": "", "docs/decisions/0001-one.md": "" };
  expect(deadInSource(tree(files), "lib/lists.ts")).toEqual([
    "lib/lists.ts: inventory/plan.ts: no such file",
    "lib/lists.ts: docs/decisions/0002: no such file",
    "lib/lists.ts: testing/gone.ts: no such file",
    "lib/lists.ts: docs/gone.md: no such file",
    "lib/lists.ts: npm run gone: no such script",
  ]);
});

test("anchors are GitHub's", () => {
  expect(anchorOf("What plain `pulumi up` does not check")).toBe("what-plain-pulumi-up-does-not-check");
  expect(anchorOf("2. Install the hosts")).toBe("2-install-the-hosts");
  expect(anchorOf("See [the page](x.md): a/b")).toBe("see-the-page-ab");
});
