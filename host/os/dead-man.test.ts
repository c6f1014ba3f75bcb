import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Tree } from "../../testing/fakes/host-tree.ts";
import { confirm, type DeadMan } from "./dead-man.ts";

test("what works is kept for the next change only if it stays in force", async () => {
  using tree = new Tree();
  const machine = tree.machine();
  const [rescue, worked] = [tree.at("/rescue"), tree.at("/worked")];
  const deadMan: DeadMan = { name: "test", what: "settings", rescue, restoring: (file) => ["/bin/cat", file] };
  // The timer has taken the file, and restores.
  expect(await confirm(machine, deadMan, [worked, "new"])).toMatch(/^the new settings were not confirmed within 30 s/);
  expect(existsSync(worked)).toBe(false);
  writeFileSync(rescue, "old");
  expect(await confirm(machine, deadMan, [worked, "new"])).toBeUndefined();
  expect(readFileSync(worked, "utf8")).toBe("new");
  expect(existsSync(rescue)).toBe(false);
});
