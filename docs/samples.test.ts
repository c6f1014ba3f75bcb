import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { check } from "../cli/inventory.ts";
import { picture } from "../cli/picture.ts";
import { Draft } from "../testing/inventory/wrong-inventory.cases.ts";

/** What the pages show is what the program says; `npx vitest run docs/samples.test.ts -u` writes it into them. */

const checkout = join(import.meta.dirname, "..");
let scratch = "";

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "fairhost-samples-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

test("a refusal", async () => {
  const directory = join(scratch, "lab");
  cpSync(join(checkout, "inventory/lab"), directory, { recursive: true });
  new Draft(directory).edit("hosts/web1.yaml", "chain: b", "chain: a");
  const { text } = await check(directory, "2026-11-22");
  const file = "how-to/operate/refusals.md";
  const page = readFileSync(join(import.meta.dirname, file), "utf8");
  const shown = text.replaceAll(directory, "inventory/lab").trimEnd();
  const written = page.replace(
    /(?<=<!-- sample: [^\n]*\n```text\n)[^`]*(?:`(?!``)[^`]*)*?(?=```\n)/,
    () => `${shown}\n`,
  );
  expect(written).toContain(shown);
  await expect(written).toMatchFileSnapshot(file);
});

test("the picture", async () => {
  const { svg } = await picture(join(checkout, "inventory/prod"), ["chain a of hall hall-a at par1"]);
  await expect(svg).toMatchFileSnapshot("pictures/fleet-without-chain.svg");
});
