import { expect, test } from "vitest";
import { accountGroup, bundleOf, Tree } from "../../../testing/fakes/host-tree.ts";
import type { Run } from "../../os/machine.ts";
import { lookAtUsers } from "./users.ts";

const numbers = [1, 2, 3];
const bundle = bundleOf(
  Object.fromEntries(
    numbers.map((number) => {
      const content = `{"groupName":"a${number}","gid":${200_000 + number}}`;
      return [number, accountGroup(number, "one", [{ path: `userdb/a${number}.group`, content }])];
    }),
  ),
);

/** Differences, and the calls of getent, if getent knows only these names. */
async function look(found: Readonly<Record<string, readonly string[]>>, broken: readonly string[] = []) {
  using tree = new Tree();
  const asked: string[] = [];
  const run: Run = async (program, [database = "", ...names]) => {
    asked.push([program, database, ...names].join(" "));
    const known = names.filter((name) => found[database]?.includes(name));
    return {
      status: known.length === names.length ? 0 : 2,
      stdout: known.map((name) => `${name}:x:1:\n`).join(""),
      stderr: "",
    };
  };
  const differences = await lookAtUsers(tree.machine({ run }), bundle, new Set(broken));
  return {
    asked,
    differences: differences.map(({ group, message, repaired }) => `${group}: ${message} (${repaired})`),
  };
}

const all = numbers.map((number) => `a${number}`);

test("all are found: every user is looked up, and one group for all groups", async () => {
  expect(await look({ passwd: all, group: all })).toEqual({
    asked: ["getent passwd a1 a2 a3", "getent group a1"],
    differences: [],
  });
});

test("changed records are looked up individually, and the next deploy repairs them", async () => {
  const broken = ["userdb/a1.user", "userdb/a1.group"];
  expect(await look({ passwd: ["a2", "a3"], group: ["a2", "a3"] }, broken)).toEqual({
    asked: ["getent passwd a1 a2 a3", "getent group a1 a2"],
    differences: [
      "account-1: the user a1 is not found by the host's programs (by the next deploy)",
      "account-1: the group a1 is not found by the host's programs (by the next deploy)",
    ],
  });
});

test("if the one group is not found, all groups are looked up; that needs manual repair", async () => {
  const { asked, differences } = await look({ passwd: all });
  expect(asked.slice(1)).toEqual(["getent group a1", "getent group a1 a2 a3"]);
  expect(differences).toHaveLength(3);
  expect(differences[2]).toMatch(/^account-3: the group a3 .* \(by hand: check that the line group of /);
});
