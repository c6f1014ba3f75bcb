import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatProblems, InventoryError, loadFleet } from "./load.ts";
import { Draft, wrongInventories } from "./wrong-inventory.cases.ts";

const lab = join(import.meta.dirname, "lab");
let scratch = "";
let copies = 0;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "fairhost-inventory-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function draft(): Draft {
  const directory = join(scratch, String(++copies));
  cpSync(lab, directory, { recursive: true });
  return new Draft(directory);
}

async function problemsOf(directory: string): Promise<InventoryError> {
  const result = await loadFleet(directory).catch((error: unknown) => error);
  if (!(result instanceof InventoryError)) throw new Error(`expected problems, got ${String(result)}`);
  return result;
}

describe("each kind of wrong inventory", () => {
  const golden = new Map<string, string>();

  test.each(Object.entries(wrongInventories))("%s is refused", async (name, change) => {
    const { directory } = change(draft()) as Draft;
    const { problems } = await problemsOf(directory);
    golden.set(name, formatProblems(problems));
    for (const problem of problems) {
      expect(problem.mend, "every problem says how to mend it").not.toBe("");
      expect(problem.line).toBeGreaterThan(0);
    }
  });

  test("the messages are the golden ones", async () => {
    const text = [...golden].map(([name, problems]) => `== ${name}\n${problems}\n`).join("\n");
    expect(golden.size).toBe(Object.keys(wrongInventories).length);
    await expect(text).toMatchFileSnapshot("wrong-inventory.golden.txt");
  });
});
