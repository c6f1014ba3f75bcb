import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { loadFleet } from "../load/load.ts";
import { InventoryError } from "../load/problem.ts";

type Edit = readonly [from: string, to: string];
const city = ["Courbevoie", "Saint Denis"] as const;
const swapped = ["latitude: 48.8967\n  longitude: 2.2567", "latitude: 2.2567\n  longitude: 48.8967"] as const;

/** What the example fleet is refused for after edits of site par2; par1 is in Saint-Denis. */
async function problems(...edits: readonly Edit[]): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-locations-"));
  try {
    cpSync(join(import.meta.dirname, "../../inventory/prod"), directory, { recursive: true });
    const draft = new Draft(directory);
    for (const [from, to] of edits) draft.edit("sites/par2.yaml", from, to);
    const found = await loadFleet(directory).catch((error: unknown) => error);
    if (found instanceof InventoryError) return found.problems.map(({ message }) => message);
    if (found instanceof Error) throw found;
    return [];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test.each<[what: string, edits: readonly Edit[], ...messages: string[]]>([
  ["two sites of a city", [city]],
  [
    "two sites of a city, one with latitude and longitude exchanged",
    [city, swapped],
    'the site is in Saint Denis as site "par1" (sites/par1.yaml), but 6809 km from it',
  ],
  [
    "two cities of one name in one country, each with its region",
    [["city: Courbevoie", "city: Saint Denis, Réunion"], swapped],
  ],
  ["cities of one name in two countries", [city, swapped, ["country: FR", "country: RE"]]],
  [
    "one place in two countries",
    [
      ["latitude: 48.8967\n  longitude: 2.2567", "latitude: 48.9362\n  longitude: 2.3574"],
      ["country: FR", "country: DE"],
    ],
    'the site is in DE, but where site "par1" (sites/par1.yaml) is, in FR',
  ],
  [
    "a place that nobody has filled in",
    [["latitude: 48.8967\n  longitude: 2.2567", "latitude: 0\n  longitude: 0"]],
    "latitude and longitude are 0, a place in the sea",
  ],
])("%s", async (_, edits, ...messages) => {
  expect(await problems(...edits)).toEqual(messages);
});
