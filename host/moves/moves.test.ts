import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { FakeSystemd } from "../../testing/fakes/fake-systemd.ts";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { init } from "../apply/init.ts";
import { recover, retire } from "../apply/retire.ts";
import { formatStatus, status } from "../apply/status.ts";
import { readCurrent } from "../store/generations.ts";
import { isMarked, readDelivered } from "../store/moving.ts";
import { showCertificates, takeCertificates } from "./certificates.ts";
import { moveState } from "./state.ts";
import * as steps from "./steps.ts";

const outward = (number: number): BundleFile[] => [
  { path: `bird/accounts/${number}.conf`, content: `route fd00:8000:0:${number}::/64 unreachable;\n` },
  { path: `network/accounts/${number}`, content: `fd00:8000:0:${number}::/64\n` },
  { path: `sites/accounts/${number}.certificates`, content: "a.example a.example;\nb.example b.example;\n" },
];
const account = (number: number) => accountGroup(number, "one", outward(number));
const server: BundleFile = { path: "systemd/fairhost-postgresql.service", content: "[Service]\nExecStart=/bin/true\n" };

const pathsOf = (machine: ReturnType<Tree["machine"]>, number: number) =>
  readCurrent(machine).bundle.groups[`account-${number}`]?.files.map(({ path }) => path) ?? [];

/** A host that account 1 has left. */
async function left(tree: Tree) {
  const machine = tree.machine();
  await apply(machine, bundleOf({ 1: account(1) }));
  await steps.keep(machine, 1);
  await apply(machine, bundleOf({}));
  await steps.stop(machine, 1);
  await steps.leave(machine, 1);
  return machine;
}

test("two accounts change places: both stay where they are until each hands over, and nobody is shown one that comes", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  const host = hostGroup("one", [server]);
  await apply(machine, bundleOf({ 1: account(1) }, host));
  await steps.keep(machine, 1);
  await steps.expect(machine, 2);
  await apply(machine, bundleOf({ 2: account(2) }, hostGroup()));
  expect(pathsOf(machine, 1)).toContain("bird/accounts/1.conf");
  // The server that only the one that leaves needs stays for it.
  expect(readCurrent(machine).bundle.groups.host!.files).toContainEqual(server);
  expect(pathsOf(machine, 2)).toContain("userdb/a2.user");
  expect(pathsOf(machine, 2).filter((path) => /^(bird|network|nginx)/.test(path))).toEqual([]);
  expect(moveState(machine, 2)).toMatchObject({
    declared: true,
    inForce: true,
    whole: false,
    held: true,
    coming: true,
  });
  // A second delivery, as after an interruption, changes nothing of that.
  expect((await apply(machine, bundleOf({ 2: account(2) }, hostGroup()))).result).toBe("unchanged");
  await steps.land(machine, 2);
  expect(pathsOf(machine, 2)).toContain("bird/accounts/2.conf");
  await steps.stop(machine, 1);
  await steps.leave(machine, 1);
  expect(moveState(machine, 1)).toMatchObject({ inForce: false, held: false, leaving: false });
  expect(readCurrent(machine).bundle.groups.host!.files).not.toContainEqual(server);
  expect(isMarked(machine, "superseded", 1)).toBe(true);
});

// A host name is one file, of whichever account has it.
test("a name that goes from an account that leaves to another one here waits until the move is over; nothing else does", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  const name = (number: number, of: string): BundleFile => ({ path: `sites/names/${of}`, content: `${number}\n` });
  const named = (number: number, ...names: string[]) =>
    accountGroup(
      number,
      "one",
      names.map((of) => name(number, of)),
    );
  await apply(machine, bundleOf({ 1: named(1, "a.example"), 2: named(2, "b.example"), 4: named(4) }));
  await steps.keep(machine, 1);
  // 2 takes it from 1, and is suspended; 3, a new one, takes what 2 had; 4 has nothing to do with it.
  const whole: BundleFile[] = [
    name(2, "a.example"),
    name(2, "c.example"),
    { path: "sites/accounts/2.certificates", content: "a.example a.example;\nc.example c.example;\n" },
    { path: "sites/accounts/2.own", content: "a.example a.pem;\n" },
    { path: "sites/webdav/a.example", content: "/.webdav/ada 2/unix:/run/x\n" },
    { path: "sites/webdav/c.example", content: "/.webdav/ada 2/unix:/run/x\n" },
  ];
  const suspended = accountGroup(2, "suspended", whole);
  const then = bundleOf({ 2: suspended, 3: named(3, "b.example"), 4: named(4, "d.example") });
  const names = () =>
    readdirSync(tree.at("/var/lib/fairhost/current/sites/names"))
      .sort()
      .map((of) => `${of} ${readFileSync(tree.at(`/var/lib/fairhost/current/sites/names/${of}`), "utf8").trim()}`);
  const waits = ["account 2 gets a.example when account 1 has moved away"];
  const seen = async () => [(await status(machine)).notYet, formatStatus(await status(machine))];
  const first = await apply(machine, then);
  expect(first).toMatchObject({ result: "applied", errors: [], notes: waits });
  expect(names()).toEqual(["a.example 1", "b.example 3", "c.example 2", "d.example 4"]);
  // Nor does the host ask for certificates of another's name, or take them.
  expect(readCurrent(machine).bundle.groups["account-2"]!.files).toEqual([
    ...accountGroup(2, "suspended").files,
    ...[whole[1], { path: "sites/accounts/2.certificates", content: "c.example c.example;\n" }, whole[5]],
  ]);
  expect(await seen()).toEqual([waits, expect.stringContaining(`\nnot yet      ${waits[0]}\n`)]);
  expect(await apply(machine, then)).toMatchObject({ result: "unchanged", errors: [], notes: waits });
  expect(await recover(machine)).toBeUndefined();
  await steps.stop(machine, 1);
  await steps.leave(machine, 1);
  expect(names()).toEqual(["a.example 2", "b.example 3", "c.example 2", "d.example 4"]);
  expect(readCurrent(machine).bundle.groups["account-2"]).toEqual(suspended);
  expect((await apply(machine, then)).notes).toBeUndefined();
  expect(await seen()).toEqual([[], expect.not.stringContaining("not yet")]);
});

test("two groups with one path are refused in words, and nothing is changed", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  await apply(machine, bundleOf({ 1: accountGroup(1) }));
  const file: BundleFile = { path: "sites/names/a.example", content: "x\n" };
  const both = bundleOf({ 1: accountGroup(1, "two", [file]), 2: accountGroup(2, "one", [file]) });
  await expect(apply(machine, both)).rejects.toThrow(
    "the files cannot be staged: sites/names/a.example is in the groups account-1 and account-2",
  );
  expect(pathsOf(machine, 1)).not.toContain(file.path);
  expect((await apply(machine, bundleOf({ 1: accountGroup(1, "two") }))).result).toBe("applied");
});

test("an account that is declared again has no old copy, so nothing is purged", async () => {
  using tree = new Tree();
  const machine = await left(tree);
  await apply(machine, bundleOf({ 1: account(1) }));
  expect(await steps.purgeSuperseded(machine, new Date(Date.now() + 30 * 86_400_000))).toEqual([]);
  expect(isMarked(machine, "superseded", 1)).toBe(false);
});

test("a copy that is used again loses its dumps: the databases come anew, and nothing would remove them", async () => {
  using tree = new Tree();
  const machine = await left(tree);
  const directory = tree.at("/srv/accounts/1");
  mkdirSync(join(directory, "dumps"));
  writeFileSync(join(directory, "dumps/postgresql.a1_shop.dump"), "old");
  await steps.expect(machine, 1);
  expect(readdirSync(directory)).toContain("home");
  expect(readdirSync(directory)).not.toContain("dumps");
});

test("a step out of turn is refused, and says what to do", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  await apply(machine, bundleOf({ 1: account(1) }));
  await expect(steps.leave(machine, 1)).rejects.toThrow("account 1 is declared on this host: deploy first");
  await expect(steps.land(machine, 2)).rejects.toThrow("account 2 is not declared on this host");
  await expect(steps.expect(machine, 1)).rejects.toThrow("account 1 already runs on this host");
  mkdirSync(tree.at("/srv/accounts/2"), { recursive: true });
  await expect(steps.expect(machine, 2)).rejects.toThrow("archive and remove it");
  await steps.keep(machine, 1);
  await steps.cancel(machine, 1);
  expect(moveState(machine, 1)).toMatchObject({ whole: true, leaving: false, held: false });
});

test("an account that comes from a lost host does not land without its backup, unless somebody says so", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  await apply(machine, bundleOf({}));
  await steps.expectBackup(machine, 1);
  await apply(machine, bundleOf({ 1: account(1) }));
  await steps.expectBackup(machine, 1);
  await expect(steps.land(machine, 1)).rejects.toThrow("account 1 is not restored from its backup: deploy again");
  // Elsewhere it would begin empty, and its next backup would be the newest.
  await expect(steps.keep(machine, 1)).rejects.toThrow(
    "is not restored from its backup, and would move without its data",
  );
  expect(pathsOf(machine, 1)).not.toContain("network/accounts/1");
  expect(moveState(machine, 1)).toMatchObject({ coming: true, held: true, restoring: "awaited" });
  await steps.landWithout(machine, 1);
  expect(pathsOf(machine, 1)).toContain("network/accounts/1");
  expect(moveState(machine, 1)).not.toHaveProperty("restoring");
  // In service it is not taken back by a late repetition.
  await expect(steps.expectBackup(machine, 1)).rejects.toThrow("account 1 already runs on this host");
  expect(await steps.land(machine, 1)).toBe("in service");
});

test("of an interrupted move whose old host is lost the backup is awaited, too; given up, nothing is", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  await apply(machine, bundleOf({}));
  await steps.expect(machine, 1);
  await steps.expectBackup(machine, 1);
  expect(moveState(machine, 1)).toMatchObject({ coming: true, restoring: "awaited" });
  await steps.cancel(machine, 1);
  expect(moveState(machine, 1)).toMatchObject({ coming: false, held: false });
  expect(moveState(machine, 1)).not.toHaveProperty("restoring");
});

const made = mkdtempSync(join(tmpdir(), "fairhost-certificates-"));
const pem = (name: string) => readFileSync(join(made, `${name}.pem`), "utf8");
beforeAll(() => {
  for (const name of ["a.example", "b.example", "c.example"]) {
    const file = (end: string) => join(made, `${name}.${end}`);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file("key")];
    const subject = ["-days", "90", "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
    execFileSync("openssl", ["req", "-x509", ...key, ...subject, "-out", file("crt")], { stdio: "ignore" });
    writeFileSync(file("pem"), readFileSync(file("key"), "utf8") + readFileSync(file("crt"), "utf8"));
  }
});
afterAll(() => rmSync(made, { recursive: true }));

test("certificates move with their keys; of another host's only what fits the account's names is taken", async () => {
  using source = new Tree();
  using target = new Tree();
  const [from, to] = [source.machine(), target.machine()];
  const at = (tree: Tree, name: string) => tree.at(`/var/lib/fairhost-certificates/${name}.pem`);
  for (const machine of [from, to]) await apply(machine, bundleOf({ 1: account(1) }));
  for (const tree of [source, target]) mkdirSync(dirname(at(tree, "a")), { recursive: true });
  const due = new Date(Date.now() + 60 * 86_400_000);
  writeFileSync(at(source, "a.example"), pem("a.example"));
  utimesSync(at(source, "a.example"), due, due);
  symlinkSync("default.pem", at(source, "b.example"));
  expect(Object.keys(JSON.parse(showCertificates(from, 1)))).toEqual(["a.example"]);
  expect(takeCertificates(to, 1, showCertificates(from, 1))).toEqual(["a.example"]);
  expect(readFileSync(at(target, "a.example"), "utf8")).toBe(pem("a.example"));
  expect(Math.abs(statSync(at(target, "a.example")).mtimeMs - due.getTime())).toBeLessThan(2000);
  expect(statSync(at(target, "a.example")).mode & 0o777).toBe(0o640);
  const key = readFileSync(join(made, "c.example.key"), "utf8");
  const never = 9e12;
  for (const given of [
    { "c.example": { pem: pem("c.example"), due: never } },
    { "../x": { pem: pem("a.example"), due: never } },
    { "b.example": { pem: pem("a.example"), due: never } },
    { "b.example": { pem: key + readFileSync(join(made, "b.example.crt"), "utf8"), due: never } },
    { "b.example": { pem: "x".repeat(100_000), due: never } },
    { "b.example": null },
  ]) {
    expect(takeCertificates(to, 1, JSON.stringify(given)), JSON.stringify(given).slice(0, 40)).toEqual([]);
  }
  takeCertificates(to, 1, JSON.stringify({ "b.example": { pem: pem("b.example"), due: never } }));
  // Not put off for ever.
  expect(statSync(at(target, "b.example")).mtimeMs).toBeLessThan(Date.now() + 91 * 86_400_000);
});

test("a boot in the middle of the update in a move does not forget what was delivered", async () => {
  using tree = new Tree();
  const systemd = new FakeSystemd(tree.root);
  const machine = tree.machine({ run: systemd.run, live: true });
  await init(machine);
  await apply(machine, bundleOf({}), secret);
  await steps.expect(machine, 2);
  const cut: typeof systemd.run = async (program, args, options) => {
    if (args.includes("start")) throw new Error("power cut");
    return systemd.run(program, args, options);
  };
  const delivered = bundleOf({ 2: account(2), 3: account(3) });
  await expect(apply(tree.machine({ run: cut, live: true }), delivered, secret)).rejects.toThrow("power cut");
  expect(await recover(machine)).toMatchObject({ errors: [] });
  expect(readDelivered(machine).digest).toBe(delivered.digest);
  expect(moveState(machine, 2)).toMatchObject({ declared: true, whole: false, coming: true });
});

test("a host that is retired keeps nothing in force, not even an account that is leaving it", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  await apply(machine, bundleOf({ 1: account(1) }));
  await steps.keep(machine, 1);
  await retire(machine);
  expect(moveState(machine, 1)).toMatchObject({ inForce: false, leaving: false });
});
