import { createPublicKey } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { inspect } from "../inspect/inspect.ts";
import { accountSecret, databasePassword, sshHostKey } from "./secrets.ts";

const bundle = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) });
const directory = "/var/lib/fairhost/secrets";
const first = Buffer.alloc(32, 1);
const second = Buffer.alloc(32, 2);

const read = (tree: Tree, name: string) => readFileSync(tree.at(`${directory}/${name}`), "utf8");

test("an account's secret is HKDF-SHA256 of the master secret: this must never change, because data is encrypted with it", () => {
  expect(accountSecret(first, 1204, 1)).toBe("v2Z6Q9ho1VtbsTvODEh1aVqOaMfBAMwWeG6iiWQXbp0=");
  expect(
    new Set([
      accountSecret(first, 1, 1),
      accountSecret(first, 2, 1),
      accountSecret(first, 1, 2),
      accountSecret(second, 1, 1),
    ]).size,
  ).toBe(4);
});

test("an account's SSH host key is derived too, and OpenSSH takes it: it must never change, because visitors have pinned it", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  expect(read(tree, "ssh/2")).toBe(sshHostKey(first, 2, 1));
  const publicKey = createPublicKey(sshHostKey(first, 2, 1)).export({ format: "jwk" });
  expect(publicKey).toEqual({ kty: "OKP", crv: "Ed25519", x: "DbiOdeaZ7W-wWsLfXo4Uggo0Vy0XscfxrXHAG1jzvwU" });
  const all = [sshHostKey(first, 1, 1), sshHostKey(first, 2, 1), sshHostKey(first, 1, 2), sshHostKey(second, 1, 1)];
  expect(new Set(all).size).toBe(4);
});

test("each account has a password for servers of databases, another one for each account, epoch and host", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  expect(read(tree, "databases/2")).toBe(databasePassword(first, 2, 1));
  const all = [
    databasePassword(first, 1, 1),
    databasePassword(first, 2, 1),
    databasePassword(first, 1, 2),
    databasePassword(second, 1, 1),
  ];
  expect(new Set([...all, accountSecret(first, 1, 1)]).size).toBe(5);
  expect(all.join("")).toMatch(/^[\w-]{172}$/);
});

test("whatever changed after they were derived is derived again: a secret, the master secret, or the note that they were", async () => {
  using tree = new Tree();
  const more = bundleOf({ 1: accountGroup(1), 2: accountGroup(2), 3: accountGroup(3) });
  const deliver = (what = bundle) => apply(tree.machine(), what, { master: first, epoch: 1 });
  await deliver();
  const path = tree.at(`${directory}/ssh/2`);
  const { atime, mtime } = statSync(path);
  chmodSync(path, 0o600);
  writeFileSync(path, "x".repeat(sshHostKey(first, 2, 1).length));
  utimesSync(path, atime, mtime);
  await deliver(more);
  expect(["ssh/2", "ssh/3"].map((name) => read(tree, name))).toEqual([
    sshHostKey(first, 2, 1),
    sshHostKey(first, 3, 1),
  ]);
  writeFileSync(tree.at(`${directory}/master-1`), second.toString("base64"));
  await deliver(more);
  expect(read(tree, "ssh/2")).toBe(sshHostKey(second, 2, 1));
  for (const text of ["", "7\n"]) {
    writeFileSync(tree.at(`${directory}/derived`), text);
    await deliver(more);
    expect(read(tree, "derived")).toBe("1\n");
  }
});

test("a secret that has not changed since is not derived again, unless the clock was wrong then", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  const path = tree.at(`${directory}/ssh/2`);
  chmodSync(path, 0o600);
  writeFileSync(path, "other");
  chmodSync(path, 0o400);
  const at = (hours: number) => {
    const time = new Date(Date.now() + hours * 3_600_000);
    utimesSync(tree.at(`${directory}/derived`), time, time);
  };
  const wait = statSync(path).ctimeMs + 5;
  while (Date.now() < wait);
  at(0);
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  expect(read(tree, "ssh/2")).toBe("other");
  at(1);
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  expect(read(tree, "ssh/2")).toBe(sshHostKey(first, 2, 1));
});

test("only root can read them", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  const mode = (name: string) => statSync(tree.at(`${directory}/${name}`)).mode & 0o777;
  expect(["", "accounts", "ssh", "master-1", "accounts/1", "ssh/1", "databases/1"].map(mode)).toEqual([
    ...[0o700, 0o700, 0o700, 0o600, 0o400, 0o400, 0o400],
  ]);
});

test("secrets of the DNS provider are those of the last delivery, and none are left when it has none", async () => {
  using tree = new Tree();
  const deliver = (dns: Record<string, string>) => apply(tree.machine(), bundle, { master: first, epoch: 1, dns });
  await deliver({ A_TOKEN: "one", A_KEY: "two" });
  expect([read(tree, "dns/A_TOKEN"), read(tree, "dns/A_KEY")]).toEqual(["one", "two"]);
  const mode = (name: string) => statSync(tree.at(`${directory}/${name}`)).mode & 0o777;
  expect(["dns", "dns/A_TOKEN"].map(mode)).toEqual([0o700, 0o400]);
  await deliver({ A_TOKEN: "three" });
  expect([readdirSync(tree.at(`${directory}/dns`)), read(tree, "dns/A_TOKEN")]).toEqual([["A_TOKEN"], "three"]);
  chmodSync(tree.at(`${directory}/dns/A_TOKEN`), 0o644);
  expect((await deliver({ A_TOKEN: "three" })).repaired).toEqual([
    expect.stringMatching(/dns\/A_TOKEN had mode 644 instead of 400/),
  ]);
  await deliver({});
  expect(readdirSync(tree.at(`${directory}/dns`))).toEqual([]);
});

test("the new secret of a lost state is ignored: the host keeps the one with which its data was encrypted", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  const machine = tree.machine();
  const report = await apply(machine, bundle, { master: second, epoch: 1 });
  expect(report.result).toBe("unchanged");
  expect(machine.said).toContainEqual(
    expect.stringMatching(
      /the state has another master secret of epoch 1 than this host.*raise fairhost:secretEpoch to 2/,
    ),
  );
  expect(read(tree, "master-1")).toBe(first.toString("base64"));
  expect(read(tree, "accounts/2")).toBe(accountSecret(first, 2, 1));
});

test("that state and host have different master secrets is in the report of each apply and drift, until they have the same one", async () => {
  using tree = new Tree();
  const secretOf = (master: Buffer, epoch: number) => ({ master, epoch });
  const found = async () => {
    const { differences } = await inspect(tree.machine(), {}, "");
    return differences.filter(({ kind }) => kind === "secret-other");
  };
  expect((await apply(tree.machine(), bundle, secretOf(first, 1))).notes).toBeUndefined();
  expect(await found()).toEqual([]);
  const words = /another master secret of epoch 1 than this host.*raise fairhost:secretEpoch to 2 and deploy/;
  for (const secret of [secretOf(second, 1), undefined]) {
    const { result, notes } = await apply(tree.machine(), bundle, secret);
    expect({ result, notes }).toEqual({ result: "unchanged", notes: [expect.stringMatching(words)] });
  }
  expect(await found()).toEqual([
    expect.objectContaining({
      group: "host",
      message: expect.stringMatching(words),
      repaired: "by hand: raise fairhost:secretEpoch by one and deploy",
    }),
  ]);
  // The state was restored, or the epoch raised.
  await apply(tree.machine(), bundle, secretOf(first, 1));
  expect(await found()).toEqual([]);
  await apply(tree.machine(), bundle, secretOf(second, 1));
  expect((await apply(tree.machine(), bundle, secretOf(second, 2))).notes).toBeUndefined();
  expect(await found()).toEqual([]);
  expect(readdirSync(tree.at(directory)).sort()).toEqual([
    "accounts",
    "databases",
    "derived",
    "master-1",
    "master-2",
    "ssh",
  ]);
});

test("a raised epoch rotates the secret, restarts services that read secrets, and keeps the old master secret", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  const report = await apply(tree.machine(), bundle, { master: second, epoch: 2 });
  expect(report.hooks).toEqual(["stop changed account-1-http-blog.service account-2-http-blog.service"]);
  expect(read(tree, "accounts/1")).toBe(accountSecret(second, 1, 2));
  expect(read(tree, "master-1")).toBe(first.toString("base64"));
  expect((await apply(tree.machine(), bundle, { master: second, epoch: 2 })).result).toBe("unchanged");
  await expect(apply(tree.machine(), bundle, { master: first, epoch: 1 })).rejects.toThrow(
    "at epoch 2, but the delivery has epoch 1: set fairhost:secretEpoch to 2",
  );
});

test("a damaged master secret stops everything; a damaged account secret is derived again", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  writeFileSync(tree.at(`${directory}/accounts/1`), "");
  await apply(tree.machine(), bundle, { master: first, epoch: 1 });
  expect(read(tree, "accounts/1")).toBe(accountSecret(first, 1, 1));
  writeFileSync(tree.at(`${directory}/master-1`), "");
  await expect(apply(tree.machine(), bundle, { master: first, epoch: 1 })).rejects.toThrow("master-1 is damaged");
});
