import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkOut, hasCommit, textAt } from "./git.ts";
import { commitsIn, lastToTouch, linesRemoved, writersOf } from "./history.ts";
import type { Person } from "./people.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "fairhost-git-"));
  await git("init", "--quiet", "--initial-branch=main");
});
afterAll(() => rm(root, { recursive: true, force: true }));

const git = async (...args: string[]) => {
  const who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
  return (await execa("git", [...who, ...args], { cwd: root })).stdout;
};

const names = (people: readonly Person[]) => people.map(({ name }) => name);

/** Commits a file as of a day. */
async function commit(file: string, text: string, day: string): Promise<string> {
  await writeFile(join(root, file), text);
  await git("add", "--all");
  const date = `${day}T12:00:00Z`;
  await execa(
    "git",
    ["-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "--message", "change"],
    { cwd: root, env: { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date } },
  );
  return git("rev-parse", "HEAD");
}

test("a commit that is dated before the one that it builds on counts as of that one's day, and hides none; one of the future as where it stands", async () => {
  await commit("limits.yaml", "hosts: 1\n", "2026-01-01");
  const first = await commit("limits.yaml", "hosts: 2\n", "2026-10-01");
  const backdated = await commit("limits.yaml", "hosts: 3\n", "2001-01-01");
  const future = await commit("limits.yaml", "hosts: 4\n", "2099-01-01");
  const since = (day: string) => commitsIn(root, "HEAD", day, ["limits.yaml"]);
  const next = await commit("limits.yaml", "hosts: 5\n", "2026-10-20");
  expect(await since("2026-10-10")).toEqual([future, next]);
  expect(await since("2026-10-25")).toEqual([]);
  expect(await since("2026-09-01")).toEqual([first, backdated, future, next]);
  expect(await since("2000-01-01")).toHaveLength(5);
});

test("a file is shown as it is, whatever a person has set to see of such files", async () => {
  await git("config", "diff.own.textconv", "true");
  await writeFile(join(root, ".gitattributes"), "retired.yaml diff=own\n");
  await commit("retired.yaml", "- number: 1001\n", "2026-10-01");
  const gone = await commit("retired.yaml", "[]\n", "2026-10-01");
  expect(await linesRemoved(root, "HEAD", "retired.yaml")).toEqual([{ commit: gone, line: "- number: 1001" }]);
  expect(await lastToTouch(root, "HEAD", "1001", "retired.yaml")).toBe(gone);
});

test("attributes of a file hide none of its lines", async () => {
  await writeFile(join(root, ".gitattributes"), "tombstones.yaml binary\n");
  await commit("tombstones.yaml", "- number: 1003\n", "2026-10-02");
  const gone = await commit("tombstones.yaml", "[]\n", "2026-10-03");
  expect(await linesRemoved(root, "HEAD", "tombstones.yaml")).toEqual([{ commit: gone, line: "- number: 1003" }]);
  expect(await lastToTouch(root, "HEAD", "1003", "tombstones.yaml")).toBe(gone);
});

test("a line that begins with hyphens is one, and the names of the file are none", async () => {
  await commit("tombstones.yaml", "--- [{number: 1007}]\n", "2026-10-04");
  const gone = await commit("tombstones.yaml", "[]\n", "2026-10-05");
  expect((await linesRemoved(root, "HEAD", "tombstones.yaml"))[0]).toEqual({
    commit: gone,
    line: "--- [{number: 1007}]",
  });
});

test("whoever changes something in a merge itself has written it; who only merges, or maps names, has not", async () => {
  const start = await git("rev-parse", "HEAD");
  const as = (name: string, ...args: string[]) => git("-c", `user.name=${name}`, ...args);
  const change = async (name: string, file: string) => {
    await writeFile(join(root, file), name);
    await git("add", "--all");
    await as(name, "commit", "--quiet", "--message", "change");
  };
  const side = async (name: string, file: string) => {
    await git("checkout", "--quiet", "-B", name, start);
    await change(name, file);
  };
  const writers = async () => names(await writersOf(root, `${start}..HEAD`, (file) => file.endsWith(".yaml")));
  await side("Ada", "a.yaml");
  await side("Grace", "b.yaml");
  const grace = await git("rev-parse", "HEAD");
  await writeFile(join(root, ".mailmap"), "Ada <test@example.org> Grace <test@example.org>\n");
  await change("Grace", "c.md");
  await as("Trent", "merge", "--quiet", "--no-ff", "--message", "merge", "Ada");
  expect(await writers()).toEqual(["Ada", "Grace"]);
  const clean = await git("rev-parse", "HEAD");
  await writeFile(join(root, "a.yaml"), "evil");
  await git("add", "--all");
  await as("Mallory", "commit", "--quiet", "--amend", "--reset-author", "--no-edit");
  expect(await writers()).toEqual(["Ada", "Grace", "Mallory"]);
  const evil = await git("rev-parse", "HEAD");
  // One that throws a side away, of which git's own short history knows nothing.
  await git("reset", "--quiet", "--hard", grace);
  await as("Oscar", "merge", "--quiet", "--strategy=ours", "--message", "merge", "Ada");
  expect(await writers()).toContain("Oscar");
  // A merge of nothing of its own in its place, in this clone alone.
  await git("reset", "--quiet", "--hard", evil);
  await git("replace", evil, clean);
  expect(await writers()).toEqual(["Ada", "Grace", "Mallory"]);
  await git("replace", "--delete", evil);
  await git("checkout", "--quiet", "-B", "Carol", start);
  await change("Carol", "d.yaml");
  await as("Victor", "merge", "--quiet", "--message", "octopus", "Ada", grace);
  expect(await writers()).toContain("Victor");
});

test("a file that git cannot read is not one that is not there", async () => {
  const at = await commit("broken.yaml", "hosts: 1\n", "2026-10-06");
  expect(await textAt(root, at, "nothing.yaml")).toBeUndefined();
  expect(await textAt(root, at, "broken.yaml/below")).toBeUndefined();
  const [first] = (await git("rev-list", "--max-parents=0", at)).split("\n");
  expect(await hasCommit(root, `${first}^`)).toBe(false);
  expect(await textAt(root, `${first}^`, "broken.yaml")).toBeUndefined();
  const object = await git("rev-parse", `${at}:broken.yaml`);
  await rm(join(root, ".git/objects", object.slice(0, 2), object.slice(2)), { force: true });
  await expect(textAt(root, at, "broken.yaml")).rejects.toThrow(/^git cat-file failed: .*broken\.yaml/);
  // Later commits need it; git makes it anew by itself only if the file looks as new as its index.
  await git("hash-object", "-w", "broken.yaml");
});

test("what a person has set to see more of git changes nothing that is read", async () => {
  await commit("tombstones.yaml", "- number: 1010\n", "2026-10-07");
  const gone = await commit("tombstones.yaml", "[]\n", "2026-10-08");
  for (const [name, value] of Object.entries({
    "color.ui": "always",
    "log.follow": "true",
    "log.diffMerges": "off",
    "trailer.separators": "#",
  }))
    await git("config", name, value);
  const start = await git("rev-parse", "HEAD");
  await git("config", "log.showRoot", "false");
  await git("config", "i18n.logOutputEncoding", "UTF-16");
  await git("checkout", "--quiet", "--orphan", "another");
  await commit("limits.yaml", "hosts: 7\n", "2026-10-08");
  await git("commit", "--quiet", "--amend", "--message", "change\n\nCo-authored-by: Grace <grace@example.org>");
  expect(names(await writersOf(root, "HEAD", (file) => file === "limits.yaml"))).toEqual(["Grace", "test"]);
  await git("checkout", "--quiet", start);
  await git("config", "--unset", "i18n.logOutputEncoding");
  expect((await linesRemoved(root, "HEAD", "tombstones.yaml"))[0]).toEqual({ commit: gone, line: "- number: 1010" });
});

test("an author without a name is one, and no file is taken for the author", async () => {
  const start = await git("rev-parse", "HEAD");
  const by = async (author: string) => {
    const raw = `tree ${await git("rev-parse", `${await commit("limits.yaml", `${author}\n`, "2026-10-09")}^{tree}`)}\nparent ${start}\nauthor ${author} 1760000000 +0000\ncommitter Ada <ada@example.org> 1760000000 +0000\n\nchange\n`;
    const made = await execa("git", ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], {
      cwd: root,
      input: raw,
    });
    return names(await writersOf(root, `${start}..${made.stdout}`, (file) => file === "limits.yaml"));
  };
  expect(await by(" <mallory@example.org>")).toEqual(["mallory@example.org"]);
  expect(await by(" <>")).toEqual(["an author without a name"]);
  expect(await by("Mallory <>")).toEqual(["Mallory"]);
});

test("of a commit those files are written that are asked for, whatever characters are in their names, and more of them later", async () => {
  const base = await commit("[ab]*.yaml", "name: odd\n", "2026-10-08");
  await commit("a.yaml", "name: plain\n", "2026-10-08");
  const last = await commit("[ab]*.yaml", "name: changed\n", "2026-10-08");
  const written = async (directory: string) => (await readdir(directory)).filter((name) => name !== ".index").sort();
  await using files = await checkOut(root, last, root, ["[ab]*.yaml"]);
  expect(await written(files.directory)).toEqual(["[ab]*.yaml"]);
  await files.add([""]);
  const all = (await git("ls-tree", "--name-only", "-z", last)).split("\0").filter(Boolean);
  expect(await written(files.directory)).toEqual(all.sort());
  await using none = await checkOut(root, base, root, []);
  expect(await written(none.directory)).toEqual([]);
  await rm(join(root, ".state"), { recursive: true });
});
