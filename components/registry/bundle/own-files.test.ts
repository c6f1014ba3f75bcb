import { describe, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { limitNames } from "../../plan/each-limit.ts";
import { bundleFolders } from "./bundle-folders.generated.ts";
import { judged, own, rendered, sides, textOf } from "./own-files.cases.ts";
import { notOwn, onlyFollows, otherParts, ownerOf } from "./own-files.ts";

test("all that the program renders for an account is the account's own, and of no other account", () => {
  const foreign = own.flatMap(({ declaration, number, file }) => {
    const of = (owner: number) => notOwn(file.path, textOf(file), ownerOf(declaration, owner)!, bundleFolders);
    const [mine, theirs] = [of(number), of(3 - number)];
    return mine === undefined && theirs !== undefined ? [] : [`${file.path}: ${mine ?? "also of another account"}`];
  });
  expect(
    foreign,
    "each file and line here needs a form: of a unit in `units` of its concept (<name>.units.ts, then `npm run generate`), of another file in `ofAccount` of its bundle folder (<name>.host.ts); both are reviewed like the sandbox",
  ).toEqual([]);
});

test("a limit may say what the account's own limit says, and nothing else", () => {
  const path = "systemd/account-1.slice.d/60-plan.conf";
  const { memoryMaxMb } = sides[0]!.accounts[0]!.limits;
  expect(judged(path, `[Slice]\nMemoryMax=${memoryMaxMb}M\n`)).toBeUndefined();
  for (const other of ["MemoryMax=infinity", `MemoryMax=${memoryMaxMb + 1}M`, "IPAddressAllow=any"])
    expect(judged(path, `[Slice]\n${other}\n`)).toBe(`[Slice] ${other.split("=")[0]}=`);
});

test("the host's own files are nobody's", () => {
  const files = sides.flatMap((each) => renderBundle(each, each.hosts[0]!.name).groups.host!.files);
  expect(files.filter(({ path, ...file }) => judged(path, textOf({ path, ...file })) === undefined)).toEqual([]);
});

test("an account may say nothing that no kind makes use of", () => {
  const unused = bundleFolders.flatMap(({ name, ...folder }) => {
    const patterns = ("ofAccount" in folder ? folder.ofAccount : []).flatMap((form) => [
      ...("lines" in form ? form.lines : []),
      ...("link" in form ? [form.link] : []),
    ]);
    const text = own.filter(({ file }) => file.path.startsWith(`${name}/`)).map(({ file }) => textOf(file));
    // Sections and further words of a list are not in the text: the part after them is looked for.
    const bare = (pattern: RegExp) => new RegExp(pattern.source.replace(/^\\\[\w+\\\] (?:Bind\w+=)?/, ""), "m");
    return patterns.filter((pattern) => !text.some((each) => bare(pattern).test(each))).map(String);
  });
  expect(unused).toEqual([]);
});

test("other files than the slice may go: without them nothing of the account runs", () => {
  const paths = own.filter((each) => each.declaration === sides[1] && each.number === 1).map(({ file }) => file.path);
  expect(paths.filter((path) => judged(path, undefined) !== undefined)).toEqual(["systemd/account-1.slice"]);
});

const always = "systemd/account-1-http-always.service";

describe("a file that differs from what it was, judged by what is new in it", () => {
  const approved = rendered(always).replace("[Service]\n", "[Service]\nExecStartPre=+/bin/approved\n");
  const against = (text: string, now: string, others: readonly string[] = []) =>
    notOwn(always, now, ownerOf(sides[1]!, 1)!, bundleFolders, { text, others: new Set(others) });

  test("what was approved before is nothing new, wherever it stands", () => {
    expect(judged(always, approved)).toBe("[Service] ExecStartPre=");
    expect(against(approved, approved.replace(/LimitNOFILE=.*/, "LimitNOFILE=9:9"))).toBeUndefined();
    expect(
      against(approved, `${approved.replace("ExecStartPre=+/bin/approved\n", "")}ExecStartPre=+/bin/approved\n`),
    ).toBe(undefined);
  });

  test("what may name something that the owner has otherwise now is judged anew", () => {
    expect(against(approved, approved, ["backupSite"])).toBeUndefined();
    expect(against(approved, approved, ["uid", "user"])).toBe("[Service] ExecStartPre=");
  });

  test("an empty file is no file that was there before", () => {
    expect(judged(always, "")).toBe("without [Service] Slice=");
  });

  test("a new line beside an approved one is judged", () => {
    expect(against(approved, approved.replace("approved\n", "approved\nExecStartPre=+/bin/other\n"))).toBe(
      "[Service] ExecStartPre=",
    );
  });

  test("lines at the end that another header moves into another section are judged", () => {
    const moved = approved.replace("User=a1\n", "").replace("ExecStartPre=", "[Unit]\nUser=a1\nExecStartPre=");
    expect(against(approved, moved)).toBe("[Unit] User=");
    expect(against(approved, approved.replace(/(?<=\n)\[Service\]\n/, ""))).toMatch(/^\[Unit\] /);
  });

  test("a line that it must have is missed although all others were there", () => {
    expect(against(approved, approved.replace("User=a1\n", ""))).toBe("without [Service] User=");
  });
});

test("owners differ in all that files may name, and in what follows from it", () => {
  const whole = ownerOf(sides[1]!, 1)!;
  const copy = () =>
    structuredClone(whole) as unknown as { account: Record<string, unknown> } & Record<string, object[]>;
  const others = (of: string, key: string, value: unknown = 7) => {
    const other = copy();
    const data = of === "account" ? other.account : of === "limits" ? (other.account.limits as object) : other[of]![0]!;
    Reflect.set(data, key, value);
    return [...otherParts(other as never, whole)];
  };
  expect([...otherParts(copy() as never, whole)]).toEqual([]);
  for (const key of ["number", "name", "user", "uid", "host"]) expect(others("account", key)).toEqual([key]);
  expect(others("addresses", "address")).toEqual(["address"]);
  expect(others("addresses", "prefix")).toEqual(["prefix", "inside"]);
  for (const key of ["hostnames", "addresses"]) expect(others("servers", key, ["other.example"])).toEqual(["hostname"]);
  expect(others("services", "port")).toEqual(["port"]);
  for (const name of limitNames) expect(others("limits", name)).toEqual(["limit", "bound"]);
});

test("an account that is declared on one side alone has everything otherwise", () => {
  const whole = ownerOf(sides[1]!, 1)!;
  expect([...otherParts(undefined, undefined)]).toEqual([]);
  for (const named of ["uid", "limit", "bound", "inside", "sharedFolder"])
    expect(otherParts(whole, undefined)).toContain(named);
});

test.each([
  ["an answer", "repositories/answers/web1", '{"host":"web1","lost":"2026-11-27","accounts":[1,20]}\n', true],
  ["one that goes, and not its host", "repositories/answers/web1", undefined, false],
  ["one that goes with its host", "repositories/answers/web2", undefined, true],
  ["more than an answer", "repositories/answers/web1", '{"host":"web1"}\ncommand\n', false],
  ["another answer", "repositories/answers/web1", '{"host":"web1","more":1}\n', false],
  ["how often accounts are backed up", "backup/often", '{"account":1,"minutes":60}\n', true],
  ["more than how often", "backup/often", '{"account":1,"minutes":60,"site":"a"}\n', false],
  ["which accounts a standby fetches", "standby/copies", '{"account":1,"site":"a","minutes":60,"bytes":7}\n', true],
  ["an address to fetch from", "standby/copies", '{"account":1,"site":"a@b","minutes":60,"bytes":7}\n', false],
  ["a path that leads out of the folder", "repositories/answers/../asking", '{"host":"web1"}\n', false],
  ["keys", "repositories/asking", undefined, false],
  ["a file of another folder", "backup/answers/web1", '{"host":"web1"}\n', false],
])("a host's own file only follows from what is approved, or is a boundary: %s", (_, path, text, expected) => {
  expect(onlyFollows(path, text, bundleFolders, (name) => name === "web1")).toBe(expected);
});
