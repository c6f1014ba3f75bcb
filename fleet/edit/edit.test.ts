import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadFleet } from "../load/load.ts";
import { editFleet, previewEdits } from "./edit.ts";
import type { Edit } from "./edit-schema.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fairhost-edit-"));
  cpSync(join(import.meta.dirname, "../../inventory/lab"), directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

const text = (file: string) => readFileSync(join(directory, file), "utf8");
const everything = () =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => `${name}\n${text(name)}`);

const erin = { number: 905, name: "erin", plan: "small", host: "web1" };

test("a property is set: the rest of the file stays as it was, comments too", async () => {
  const before = text("plans/small.yaml");
  const { fleet } = editFleet(directory, [{ op: "set", file: "plans/small.yaml", path: ["tasksMax"], value: 300 }]);
  expect(fleet.plans[0]!.tasksMax).toBe(300);
  expect(text("plans/small.yaml")).toBe(before.replace(/tasksMax: \d+/, "tasksMax: 300"));
  expect((await loadFleet(directory)).fleet).toEqual(fleet);
});

test("several edits are one: a new account, a server more in another, an account that leaves", () => {
  const others = readdirSync(join(directory, "accounts")).filter((name) => name !== "4-dave.yaml");
  const { fleet, where } = editFleet(directory, [
    { op: "create", file: "accounts/905-erin.yaml", content: erin },
    {
      op: "set",
      file: "accounts/905-erin.yaml",
      path: ["httpServers"],
      value: [{ name: "www", number: 1, kind: "static" }],
    },
    { op: "remove", file: "accounts/4-dave.yaml" },
    {
      op: "set",
      file: "tombstones.yaml",
      path: [fleetTombstones()],
      value: { number: 4, name: "dave", deleted: "2026-11-26" },
    },
  ]);
  expect(fleet.accounts.map(({ number }) => number)).toEqual(expect.arrayContaining([1, 2, 3, 905]));
  expect(where("httpServer", "905/www")).toMatch(/^accounts\/905-erin\.yaml:\d+$/);
  expect(readdirSync(join(directory, "accounts")).sort()).toEqual([...others, "905-erin.yaml"].sort());
});

function fleetTombstones(): number {
  return (text("tombstones.yaml").match(/^- /gm) ?? []).length;
}

test.each([
  [
    "a fleet that would not be sound",
    [{ op: "set", file: "accounts/1-alice.yaml", path: ["plan"], value: "smal" }],
    'there is no plan "smal"',
  ],
  ["an unknown key", [{ op: "set", file: "accounts/1-alice.yaml", path: ["colour"], value: "red" }], "colour"],
  ["a file that exists", [{ op: "create", file: "accounts/1-alice.yaml", content: erin }], "exists already"],
  ["a file that is not there", [{ op: "remove", file: "accounts/9-nobody.yaml" }], "there is no such file"],
  [
    "a property that is not there",
    [{ op: "unset", file: "accounts/1-alice.yaml", path: ["standby"] }],
    "there is no such property",
  ],
  [
    "a path through a value",
    [{ op: "set", file: "accounts/1-alice.yaml", path: ["name", "first"], value: "a" }],
    "no map or list",
  ],
  [
    "a file outside the inventory",
    [{ op: "create", file: "accounts/../../etc.yaml", content: erin }],
    "expected a file of an inventory",
  ],
  [
    "a second edit that fails",
    [
      { op: "set", file: "plans/small.yaml", path: ["tasksMax"], value: 300 },
      { op: "create", file: "x.yaml", content: {} },
    ],
    "expected a file of an inventory",
  ],
] as const)("%s is refused, and nothing is written", (_, edits, message) => {
  const before = everything();
  expect(() => editFleet(directory, edits)).toThrow(message);
  expect(everything()).toEqual(before);
});

test("a file that cannot be written, on a full disk for example, leaves every file as it was", () => {
  writeFileSync(join(directory, `plans/.small.yaml.${process.pid}~`), "");
  const before = everything();
  const names = readdirSync(directory, { recursive: true });
  const edits: Edit[] = [
    { op: "create", file: "accounts/905-erin.yaml", content: erin },
    { op: "set", file: "plans/small.yaml", path: ["tasksMax"], value: 300 },
  ];
  expect(() => editFleet(directory, edits)).toThrow("EEXIST");
  expect(everything()).toEqual(before);
  expect(readdirSync(directory, { recursive: true })).toEqual(names);
});

test("a file that is created and removed by the same edits is not there", () => {
  const before = everything();
  editFleet(directory, [
    { op: "create", file: "accounts/905-erin.yaml", content: erin },
    { op: "remove", file: "accounts/905-erin.yaml" },
  ]);
  expect(everything()).toEqual(before);
});

test("a symlink is not followed: its target may be another file of the fleet, or of the machine", () => {
  rmSync(join(directory, "accounts/1-alice.yaml"));
  symlinkSync("/etc/hostname", join(directory, "accounts/1-alice.yaml"));
  const edit: Edit = { op: "set", file: "accounts/1-alice.yaml", path: ["plan"], value: "small" };
  expect(() => editFleet(directory, [edit])).toThrow("not a regular file");
  expect(previewEdits(directory, [edit]).files).toEqual([]);
});

test("a file that the loader would refuse for its size is not written", () => {
  const value = "x".repeat(4 * 1024 * 1024);
  const edit: Edit = { op: "set", file: "plans/small.yaml", path: ["name"], value };
  expect(() => editFleet(directory, [edit])).toThrow("more than 4194304 bytes");
});
