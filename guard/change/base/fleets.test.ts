import { expect, test } from "vitest";
import { type FoundFleet, pairFleets } from "./fleets.ts";

const fleet = (place: string, id?: string): FoundFleet => ({
  place,
  id: id ?? place.split("/").at(-1)!,
  named: id !== undefined,
});

/** Pairs fleets, each given as its place or its place and identity. */
function pair(before: readonly FoundFleet[], after: readonly FoundFleet[], asked = "inventory/prod") {
  const { before: was, after: is, notices, findings } = pairFleets(before, after, asked);
  return { was: was?.place, is: is?.place, notices, findings };
}

const prod = fleet("inventory/prod", "prod");
const lab = fleet("inventory/lab", "lab");
const moved = fleet("inventory/prod2", "prod");

test("a fleet is compared with itself, whatever else there is", () => {
  expect(pair([prod, lab], [prod, lab])).toEqual({ was: prod.place, is: prod.place, notices: [], findings: [] });
  expect(pair([fleet("a/prod"), lab], [fleet("a/prod"), lab], "a/prod")).toMatchObject({ was: "a/prod", findings: [] });
});

test.each(["inventory/prod", "inventory/prod2"])(
  "a fleet whose directory is renamed is found again, asked for as %s",
  (asked) => {
    expect(pair([prod, lab], [moved, lab], asked)).toEqual({
      was: "inventory/prod",
      is: "inventory/prod2",
      notices: ["Fleet prod was in inventory/prod, and is in inventory/prod2 now."],
      findings: [],
    });
  },
);

test("a renamed directory of a fleet that does not say which it is: blocked, and told what to write", () => {
  expect(pair([fleet("inventory/prod"), lab], [fleet("inventory/prod2"), lab], "inventory/prod2").findings).toEqual([
    {
      message:
        "Fleet prod (inventory/prod) vanishes, and fleet prod2 (inventory/prod2) is new: what is deleted does not show. If it is the same fleet, write `fleet: prod` into inventory/prod2/network.yaml; otherwise add the new fleet in a change of its own.",
    },
  ]);
  // With that line.
  expect(pair([fleet("inventory/prod"), lab], [moved, lab], "inventory/prod2")).toMatchObject({
    was: "inventory/prod",
    findings: [],
  });
});

test("a fleet that begins to say which it is: only by the name it had", () => {
  expect(pair([fleet("inventory/prod")], [prod]).findings).toEqual([]);
  expect(pair([fleet("inventory/prod")], [fleet("inventory/prod", "other")]).findings).toEqual([
    {
      message: "Changes the identity of the fleet from prod to other. Write `fleet: prod` into network.yaml.",
      approval: { action: "renumber", resource: "fleet prod" },
    },
  ]);
});

test("another fleet in the place of the one that is reviewed is blocked", () => {
  const { findings, was } = pair([prod, lab], [fleet("inventory/prod", "lab"), fleet("elsewhere", "prod")]);
  expect(was).toBe("inventory/lab");
  expect(findings).toEqual([
    {
      message:
        "inventory/prod held fleet prod and holds fleet lab now: this review does not show what happens to prod. Keep fleet prod in that directory.",
    },
  ]);
});

test("another fleet that goes while this one stays: its deletions show in no review of this one, so it needs an approval", () => {
  expect(pair([prod, lab], [prod]).findings).toEqual([
    {
      message:
        "Fleet lab (inventory/lab) is missing after the change. This review does not show what is deleted with it.",
      approval: { action: "delete", resource: "fleet lab" },
    },
  ]);
  expect(pair([prod, lab], [moved, lab]).findings).toEqual([]);
});

test("two fleets of one identity are blocked, but not those that were there", () => {
  expect(pair([prod], [prod, moved]).findings).toEqual([
    {
      message:
        "inventory/prod and inventory/prod2 are both fleet prod. Write a `fleet` of its own into the network.yaml of the new one.",
    },
  ]);
  expect(pair([prod, moved], [prod, moved]).findings).toEqual([]);
});

test("a new fleet beside the others counts as new; one that is gone is nothing to compare", () => {
  expect(pair([lab], [lab, prod])).toEqual({ was: undefined, is: "inventory/prod", notices: [], findings: [] });
  expect(pair([prod, lab], [lab])).toMatchObject({ was: "inventory/prod", is: undefined });
});
