import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { differenceKinds } from "../delivery/protocol/inspection.ts";

test("the page about drift says of each kind what to do, and of no other", () => {
  const page = readFileSync(join(import.meta.dirname, "how-to/operate/find-and-repair-drift.md"), "utf8");
  const [, table] = page.split("## What each kind means");
  const rows = table!.split("\n").filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) => [...row.split(" | ")[0]!.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => kind));
  expect([...new Set(named)].sort()).toEqual([...differenceKinds].sort());
});
