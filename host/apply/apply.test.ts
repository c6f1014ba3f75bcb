import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BundleAccount } from "../../delivery/protocol/bundle.ts";
import { sealGroup } from "../../delivery/protocol/digest.ts";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { wrongDirectories } from "../store/accounts.ts";
import { foldersOf } from "../store/layout.ts";
import { apply } from "./apply.ts";
import { daemonsOf, retire } from "./retire.ts";

const current = "/var/lib/fairhost/current";
const two = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) });

/** Everything below a directory: inode, mode, times of change (a new hard link to a file counts unless told otherwise). */
function picture(directory: string, options = { links: true }): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" }).sort()) {
    const { ino, mode, mtimeMs, ctimeMs } = lstatSync(join(directory, name));
    seen[name] = `${ino} ${mode.toString(8)} ${mtimeMs} ${options.links ? ctimeMs : ""}`;
  }
  return seen;
}

test("a first apply writes every file, and reports hooks and result", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  const report = await apply(machine, two, secret);
  expect(report).toEqual({
    host: "web1",
    digest: two.digest,
    result: "applied",
    generation: "1",
    changedGroups: ["host", "account-1", "account-2"],
    filesWritten: 10,
    hooks: ["daemon-reload", "start fairhost.target account-1-http-blog.socket account-2-http-blog.socket"],
    repaired: [],
    errors: [],
  });
  expect(readFileSync(tree.at(`${current}/userdb/a2.user`), "utf8")).toContain('"uid":200002');
  expect(
    lstatSync(tree.at(`${current}/systemd/fairhost.target.wants/account-1-http-blog.socket`)).isSymbolicLink(),
  ).toBe(true);
  expect(statSync(tree.at("/srv/accounts/2/home")).mode & 0o7777).toBe(0o750);
  expect(machine.said).toContain("staged 10 files, 2 accounts changed");
});

test("the same bundle again changes nothing, not even a time of change", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  const before = picture(tree.root);
  const changes: string[] = [];
  const report = await apply(tree.machine({ observe: (operation) => changes.push(operation) }), two, secret);
  expect(report).toMatchObject({ result: "unchanged", hooks: [], filesWritten: 0, generation: "1" });
  expect(changes).toEqual([]);
  expect(picture(tree.root)).toEqual(before);
});

test("one account changed: only its files are new, the others are hard links, only its units are touched", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  const report = await apply(tree.machine(), bundleOf({ 1: accountGroup(1), 2: accountGroup(2, "new") }), secret);
  expect(report).toMatchObject({
    result: "applied",
    changedGroups: ["account-2"],
    filesWritten: 1,
    hooks: ["daemon-reload", "stop changed account-2-http-blog.service"],
  });
  const inode = (generation: string, path: string) => statSync(tree.at(`/var/lib/fairhost/${generation}/${path}`)).ino;
  const unit = (number: number) => `systemd/account-${number}-http-blog.service`;
  expect(inode("current", unit(1))).toBe(inode("generations/1", unit(1)));
  expect(inode("current", unit(2))).not.toBe(inode("generations/1", unit(2)));
});

test("three older generations stay", async () => {
  using tree = new Tree();
  for (let round = 1; round <= 6; round++)
    await apply(tree.machine(), bundleOf({ 1: accountGroup(1, `round ${round}`) }), secret);
  expect(readdirSync(tree.at("/var/lib/fairhost/generations")).sort()).toEqual(["3", "4", "5"]);
  expect(JSON.parse(readFileSync(tree.at(`${current}/generation.json`), "utf8")).number).toBe(6);
});

test("a file changed, removed or added by hand is repaired once and reported, and the changed file is kept", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  const at = (path: string) => tree.at(`${current}/${path}`);
  writeFileSync(at("systemd/account-1-http-blog.service"), "[Service]\nExecStart=/bin/false\n");
  chmodSync(at("userdb/a1.user"), 0o666);
  writeFileSync(at("systemd/mine.service"), "[Service]\n");
  const report = await apply(tree.machine(), two, secret);
  expect(report).toMatchObject({
    result: "applied",
    changedGroups: [],
    filesWritten: 2,
    hooks: ["daemon-reload", "stop changed account-1-http-blog.service"],
    repaired: [
      "systemd/account-1-http-blog.service had been changed",
      "userdb/a1.user had been changed",
      "systemd/mine.service was unexpected: it is kept in generation 1",
    ],
  });
  expect(readFileSync(at("systemd/account-1-http-blog.service"), "utf8")).toContain("sleep infinity");
  expect(existsSync(at("systemd/mine.service"))).toBe(false);
  expect(existsSync(tree.at("/var/lib/fairhost/generations/1/systemd/mine.service"))).toBe(true);
  expect((await apply(tree.machine(), two, secret)).result).toBe("unchanged");
});

test("an account whose files are refused keeps its old ones, the others go on, and the next apply reports it again", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  const broken = accountGroup(1, "new", [{ path: "userdb/200001.user", content: "{" }]);
  const bundle = bundleOf({ 1: broken, 2: accountGroup(2, "new") });
  for (const result of [await apply(tree.machine(), bundle, secret), await apply(tree.machine(), bundle, secret)]) {
    expect(result.result).toBe("partial");
    expect(result.errors).toMatchObject([{ group: "account-1", path: "userdb/200001.user" }]);
  }
  const description = (number: number) =>
    readFileSync(tree.at(`${current}/systemd/account-${number}-http-blog.service`), "utf8").split("\n")[1];
  expect([description(1), description(2)]).toEqual(["Description=one", "Description=new"]);
  expect(existsSync(tree.at(`${current}/userdb/200001.user`))).toBe(false);
});

test("a host whose own files are refused changes nothing", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  const before = picture(tree.at(current), { links: false });
  const bad = hostGroup("new", [{ path: "userdb/x.user", content: "no json" }]);
  const report = await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "new") }, bad), secret);
  expect(report).toMatchObject({ result: "rolled-back", generation: "1", hooks: [], errors: [{ group: "host" }] });
  expect(picture(tree.at(current), { links: false })).toEqual(before);
});

test("a generation of an older applier with an unknown folder is replaced as any other", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundleOf({}, hostGroup("one", [{ path: "env/1", content: "A=1\n" }])), secret);
  writeFileSync(tree.at("/var/lib/fairhost/applied.json"), '{"number":1,"epoch":1}');
  expect(await apply(tree.machine(), two, secret)).toMatchObject({ result: "applied", generation: "2", repaired: [] });
  expect(existsSync(tree.at(`${current}/env/1`))).toBe(false);
});

test("another host's bundle is refused", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  await expect(apply(tree.machine(), { ...two, host: "web2" }, secret)).rejects.toThrow(
    "this host is web1, but the bundle is for web2",
  );
});

test("too little space or too few inodes: refused before anything is written", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  const before = picture(tree.root);
  const bundle = bundleOf({ 1: accountGroup(1, "new") });
  const tight = [
    { freeBytes: 1 << 20, freeInodes: 1e6, message: "1 MiB free, 32 needed" },
    { freeBytes: 1 << 30, freeInodes: 5, message: "5 inodes free" },
  ];
  for (const { message, ...space } of tight) {
    await expect(apply(tree.machine({ space: () => space }), bundle, secret)).rejects.toThrow(message);
  }
  expect(picture(tree.root)).toEqual(before);
});

test("a disk that fills up while staging keeps the generation in force and leaves no files behind", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  const before = picture(tree.at(current), { links: false });
  const full = (operation: string, path: string) => {
    if (operation === "create" && path.endsWith("2-http-blog.service"))
      throw new Error("ENOSPC: no space left on device");
  };
  const bundle = bundleOf({ 1: accountGroup(1, "new"), 2: accountGroup(2, "new") });
  await expect(apply(tree.machine({ observe: full }), bundle, secret)).rejects.toThrow("ENOSPC");
  expect(picture(tree.at(current), { links: false })).toEqual(before);
  expect(readdirSync(tree.at("/var/lib/fairhost/generations"))).toEqual([]);
});

test("an account's symlink in place of a directory is not followed; where the account may write, it does not stop an apply", async () => {
  using tree = new Tree();
  mkdirSync(tree.at("/srv/accounts/1/home"), { recursive: true });
  mkdirSync(tree.at("/etc"), { mode: 0o755 });
  // Where the account may not write, a symlink is refused.
  symlinkSync(tree.at("/etc"), tree.at("/srv/accounts/2"));
  const report = await apply(tree.machine(), two, secret);
  expect(report).toMatchObject({ result: "partial", errors: [{ group: "account-2" }] });
  expect(report.errors[0]!.message).toContain("/srv/accounts/2: this is a symlink or a file");
  expect(readdirSync(tree.at("/etc"))).toEqual([]);
  expect(statSync(tree.at("/etc")).mode & 0o777).toBe(0o755);
});

test("missing directories are created again, other files in them stay", async () => {
  using tree = new Tree();
  await apply(tree.machine(), two, secret);
  writeFileSync(tree.at("/srv/accounts/2/home/www/index.html"), "mine");
  rmSync(tree.at("/srv/accounts/1/home"), { recursive: true });
  const report = await apply(tree.machine(), two, secret);
  expect(report).toMatchObject({
    result: "applied",
    repaired: ["directories of account-1 had been changed"],
    filesWritten: 0,
  });
  expect(existsSync(tree.at("/srv/accounts/1/home/www"))).toBe(true);
  expect(readFileSync(tree.at("/srv/accounts/2/home/www/index.html"), "utf8")).toBe("mine");
});

test("directories are repaired, in whatever order they are sent", async () => {
  using tree = new Tree();
  const group = accountGroup(1);
  const directories = group.account!.directories.toReversed();
  const bundle = (account: BundleAccount) => bundleOf({ 1: sealGroup({ ...group, account }) });
  await apply(tree.machine(), bundle(group.account!), secret);
  // The account leaves and comes back to the directories that are still there.
  await apply(tree.machine(), bundleOf({}), secret);
  chmodSync(tree.at("/srv/accounts/1"), 0o700);
  await apply(tree.machine(), bundle({ ...group.account!, directories }), secret);
  expect(statSync(tree.at("/srv/accounts/1")).mode & 0o7777).toBe(0o711);
});

test("an account may change the mode of its home (tar, rsync), and gets the home back when it belongs to another", async () => {
  using tree = new Tree();
  const home = tree.at("/srv/accounts/1/home");
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1) }), secret);
  chmodSync(home, 0o755);
  expect(wrongDirectories(tree.machine(), accountGroup(1).account!)).toEqual([]);
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "two") }), secret);
  expect(statSync(home).mode & 0o7777).toBe(0o755);
  if (process.getuid?.() !== 0) return;
  // As 0.1.0 left it.
  chownSync(home, 0, statSync(home).gid);
  chmodSync(home, 0o1770);
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "three") }), secret);
  expect([statSync(home).uid, statSync(home).mode & 0o7777]).toEqual([accountGroup(1).account!.uid, 0o750]);
});

test("retire keeps every daemon from starting at boot that reads a folder, with an entry file or without, but not the firewall", () => {
  const reload = { by: "reload", unit: "example.service" as "nginx.service", says: () => "" } as const;
  expect(daemonsOf([...foldersOf(), { name: "example", takesEffect: reload }])).toEqual([
    ...["unbound.service", "nginx.service", "bird.service", "chrony.service", "example.service"],
  ]);
});

test("retire stops every unit, keeps data, secrets and the firewall; a second retire changes nothing", async () => {
  using tree = new Tree();
  const firewall = { path: "nftables/fairhost.nft", content: "table inet fairhost {\n}\n" };
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1) }, hostGroup("one", [firewall])), secret);
  writeFileSync(tree.at("/srv/accounts/1/home/www/index.html"), "mine");
  expect(await retire(tree.machine())).toMatchObject({
    result: "applied",
    hooks: ["stop fairhost.target account-1-http-blog.socket account-1-http-blog.service", "daemon-reload"],
  });
  expect(
    readdirSync(tree.at(current), { recursive: true }).filter((name) =>
      /\.(conf|nft|service|socket)$/.test(String(name)),
    ),
  ).toEqual(["nftables/fairhost.nft"]);
  expect(existsSync(tree.at("/srv/accounts/1/home/www/index.html"))).toBe(true);
  expect(existsSync(tree.at("/var/lib/fairhost/secrets/accounts/1"))).toBe(true);
  expect((await retire(tree.machine())).result).toBe("unchanged");
});
