import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stackFindings, stackOf } from "./stack-change.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fairhost-stack-change-"));
});
afterAll(() => rm(scratch, { recursive: true }));

const file = "Pulumi.prod.yaml";
const old = `encryptionsalt: v1:old
config:
  fairhost:inventory: inventory/prod
  fairhost:sshUser: root
  fairhost:token:
    secure: v1:aaa
`;
let made = 0;

async function change(was: string | undefined, is: string | undefined) {
  const roots = [`${made}-was`, `${made++}-is`].map((name) => join(scratch, name));
  for (const [at, text] of [was, is].entries()) {
    await mkdir(roots[at]!);
    if (text !== undefined) await writeFile(join(roots[at]!, file), text);
  }
  return stackFindings(roots[0]!, roots[1]!, [file]);
}

test.each<[string, string, string]>([
  ["another cell", `${old}  fairhost:cell: b\n`, "fairhost:cell none to b (identity: which hosts the stack holds)"],
  ["another fleet", old.replace("/prod", "/lab"), "fairhost:inventory inventory/prod to inventory/lab (identity: "],
  ["another user", old.replace("root", "mallory"), "fairhost:sshUser root to mallory (trust: who logs in to hosts)"],
  ["other host keys", `${old}  fairhost:knownHosts: x\n`, "fairhost:knownHosts none to x (trust: "],
  ["a day in the past", `${old}  fairhost:today: 2020-01-01\n`, "fairhost:today none to 2020-01-01 (trust: "],
  [
    "another passphrase",
    old.replace("v1:old", "v1:new"),
    "encryptionsalt (trust: the passphrase of the stack's secrets)",
  ],
  ["no passphrase", old.replace("encryptionsalt: v1:old\n", ""), "encryptionsalt (trust: "],
  ["another provider of secrets", `secretsprovider: passphrase\n${old}`, "secretsprovider none to passphrase (trust: "],
  ["a secret", old.replace("v1:aaa", "v1:bbb"), "fairhost:token (trust: not a setting of Fairhost; "],
  ["a key of a provider", `${old}  command:x: y\n`, "command:x (trust: not a setting of Fairhost; "],
  ["an environment", `environment: [evil]\n${old}`, "environment (trust: not a setting of Fairhost; "],
])("%s: said with its class, and needs an approval of exactly that", async (_, text, words) => {
  const [finding, ...more] = await change(old, text);
  expect(more).toEqual([]);
  expect(finding!.message).toContain(`Changes the settings of stack prod (${file}): ${words}`);
  expect(finding!.message).not.toMatch(/v1:|y\)/);
  const [other] = await change(old, `${text}# other\n`.replace("config:", "config:\n  fairhost:z: q"));
  expect(finding!.approval?.action).toBe("trust");
  expect(finding!.approval?.resource).toMatch(/^stack [0-9a-f]{32}$/);
  expect(other!.approval).not.toEqual(finding!.approval);
});

test.each([
  // Pulumi reads YAML with a library in which each of these ends a line.
  ["a carriage return in a comment", `${old}# note\r  fairhost:sshUser: mallory\n`],
  ["a line separator in a comment", `${old}# note\u2028  fairhost:sshUser: mallory\n`],
  ["an alias", old.replace("root", "*a").replace("v1:old", "&a v1:old")],
  ["a tag", old.replace("root", "!!binary root")],
  ["a key twice", `${old}  fairhost:sshUser: root\n`],
])("what YAML parsers read differently is a change of the whole file: %s", async (_, text) => {
  const [finding] = await change(old, text);
  expect(finding?.message).toContain("text that is not YAML");
});

test("a number with a leading zero is not the number without it", async () => {
  const epoch = (number: string) => `${old}  fairhost:secretEpoch: ${number}\n`;
  expect(await change(epoch("10"), epoch("010"))).toHaveLength(1);
});

test("comments, and keys in another order, change nothing", async () => {
  expect(await change(old, `# a comment\n${old}`)).toEqual([]);
  expect(
    await change(
      old,
      "config: {fairhost:token: {secure: 'v1:aaa'}, fairhost:sshUser: root, fairhost:inventory: inventory/prod}\nencryptionsalt: v1:old\n",
    ),
  ).toEqual([]);
});

test("a new stack, one that goes, one that cannot be read, and a symlink are said", async () => {
  for (const [was, is] of [
    [undefined, old],
    [old, undefined],
    [old, "a: [b"],
  ]) {
    expect(await change(was, is)).toHaveLength(1);
  }
  const [before, after] = [join(scratch, "link-was"), join(scratch, "link-is")];
  await Promise.all([mkdir(before), mkdir(after)]);
  await writeFile(join(before, file), old);
  await symlink(join(before, file), join(after, file));
  const [finding] = await stackFindings(before, after, [file]);
  expect(finding!.message).toContain("a file that is a symlink or a directory (trust: ");
  // What is approved is where it leads, on any machine.
  const elsewhere = join(scratch, "elsewhere");
  await mkdir(elsewhere);
  await symlink(join(before, file), join(elsewhere, file));
  expect((await stackFindings(before, elsewhere, [file]))[0]!.approval).toEqual(finding!.approval);
  await rm(join(elsewhere, file));
  await symlink("other.yaml", join(elsewhere, file));
  expect((await stackFindings(before, elsewhere, [file]))[0]!.approval).not.toEqual(finding!.approval);
});

test("only files at the top are settings of a stack", () => {
  expect(["Pulumi.prod.yaml", "Pulumi.a.b.yml", "Pulumi.yaml", "x/Pulumi.prod.yaml"].map(stackOf)).toEqual([
    "prod",
    "a.b",
    undefined,
    undefined,
  ]);
});
