import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderBundle } from "../delivery/render-bundle.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { declaredFacts } from "../guard/drift/inspect-hosts.ts";
import { judgeDeclaration } from "../policies/check-declaration.ts";
import { declarationFixture, today } from "../testing/fixtures/fixture.ts";
import { fullFleet } from "../testing/fixtures/full-fleet.ts";
import { leavesOf, recording } from "../testing/recording.ts";
import { routerPlans } from "./network/router-systems/router-plan.ts";
import { routerSystems } from "./network/router-systems/router-systems.generated.ts";
import { type Fleet, fileKinds } from "./registry/files.generated.ts";
import type { Declaration } from "./registry/kinds.generated.ts";
import { allKinds } from "./registry/subject.ts";

/**
 * What is declared has an effect, or its description says that it has none ("for information only"). Derived: who renders, judges or
 * looks at a host is given data that records which fields are read. A field that nothing reads is a promise that nobody keeps.
 */
const checkout = join(import.meta.dirname, "..");
const [lab, prod] = await Promise.all(
  ["lab", "prod"].map(async (name) => (await loadFleet(join(checkout, "inventory", name))).fleet),
);
/** With all that the example fleet leaves out, an entry of each kind, and a server of each: one list with the tests that try each field. */
const fleets = [lab!, fullFleet(prod!)];
const forInformation = /\bfor information only\b/i;

/** Fields that have their effect where data cannot be watched: below this path, in this file, which has their names. */
const readElsewhere: Readonly<Record<string, string>> = {
  // The loader refuses inventories that contradict them.
  "hosts.*.managementAddress": "fleet/check/places.ts",
  // How the controller gets there, which no file of a host needs.
  "hosts.*.ssh.address": "components/host/system/way-in.ts",
  "hosts.*.ssh.port": "components/host/system/way-in.ts",
  "routers.*.ssh": "stacks/connections.ts",
  "hosts.*.serial": "fleet/check/places.ts",
  "sites.*.city": "fleet/check/locations.ts",
  "sites.*.prefix4": "fleet/check/places.ts",
  // The guard compares it on both sides.
  "networks.*.fleet": "guard/rules/identity-kept.ts",
  "registers.*.deletedNames.*": "guard/rules/moves-planned.ts",
  // Derived, for whoever reads a preview or the address plan.
  "frontEnds.*.accounts": "components/http/front-end.kind.ts",
  "frontEnds.*.httpServers": "components/http/front-end.kind.ts",
  "ranges.*.version": "components/network/address-range.kind.ts",
  "ranges.*.within": "components/network/address-range.kind.ts",
  "ranges.*.site": "components/network/address-range.kind.ts",
};

/** Parts of an inventory that are no input of a component. */
const filesReadElsewhere: Readonly<Record<string, string>> = {
  "approvals.*": "guard/verdict/review.ts",
  limits: "guard/rules/blast-radius.ts",
  "retired.*": "components/register/register.kind.ts",
  "tombstones.*": "components/register/register.kind.ts",
  "waivers.*": "fleet/check/waivers.ts",
};

/** A valid fleet with a waiver on each element, and something deleted. */
function fixture(): Declaration {
  const waivers = [{ rule: "two-disks", path: "disks", owner: "ops", reason: "Ordered.", expires: "2099-01-01" }];
  const valid = Object.entries(declarationFixture()).map(([key, elements]) => [
    key,
    (elements as readonly object[]).map((element) => ({ ...element, waivers })),
  ]);
  const gone = { vanished: [{ kind: "account", name: "9", protect: true }], retired: ["host h9"] };
  const all = Object.fromEntries(valid) as Declaration;
  return { ...all, registers: all.registers.map((register) => ({ ...register, ...gone })) };
}

/** Paths of inputs that a renderer, a rule, a waiver or a check on the host reads. */
function inputsRead(): ReadonlySet<string> {
  const read = new Set<string>();
  for (const declaration of [fixture(), ...fleets.map((fleet) => declare(fleet))]) {
    const entries = Object.entries(declaration).map(([key, elements]) => [key, recording(elements, key, read)]);
    const watched = Object.fromEntries(entries) as unknown as Declaration;
    judgeDeclaration(watched, today);
    for (const { name } of declaration.hosts) {
      renderBundle(watched, name);
      declaredFacts(watched, name);
    }
    for (const plan of routerPlans(watched)) for (const { render } of routerSystems) render(plan);
  }
  return read;
}

const isAt = (path: string, table: Readonly<Record<string, string>>) =>
  Object.keys(table).find((place) => path === place || path.startsWith(`${place}.`));

const inputs = allKinds.flatMap(({ key, inputs }) => [...leavesOf(inputs, `${key}.*`)]);
const fields = Object.entries(fileKinds).flatMap(([key, { schema }]) => [
  ...leavesOf(
    schema,
    Array.isArray(fleets[0]![key as keyof Fleet]) && !schema.def.type.startsWith("array") ? `${key}.*` : key,
  ),
]);
const read = inputsRead();

test("every input of a component has a reader, or says that it is for information only", () => {
  const idle = inputs.filter(({ path, description }) => {
    return !read.has(path) && !isAt(path, readElsewhere) && !forInformation.test(description);
  });
  expect(idle.map(({ path }) => path)).toEqual([]);
});

test("what says that it is for information only is not read, in the inventory either", () => {
  const silent = inputs.filter(({ description }) => forInformation.test(description));
  expect(silent.map(({ path }) => path).filter((path) => read.has(path))).toEqual([]);
  // The same words stand where people declare it.
  for (const { path } of silent) {
    const [kind, ...rest] = path.split(".");
    const name = rest.at(-1);
    // A waiver stands on its resource, and is written in a file of its own.
    const depth = (of: string) => of.split("*").length;
    const same = rest.includes("waivers")
      ? fields.filter((field) => field.path === `waivers.*.${name}`)
      : fields.filter(
          (field) =>
            field.path.startsWith(`${kind}.`) && field.path.endsWith(`.${name}`) && depth(field.path) === depth(path),
        );
    expect(same.filter(({ description }) => !forInformation.test(description)).map(({ path }) => path)).toEqual([]);
    expect(same, path).not.toEqual([]);
  }
});

test("every field of an inventory goes into the declaration, or has a reader of its own", () => {
  const carried = new Set<string>();
  for (const fleet of fleets) {
    const entries = Object.entries(fleet).map(([key, data]) => [key, recording(data, key, carried)]);
    // What is handed on whole is read here.
    JSON.stringify(declare(Object.fromEntries(entries) as unknown as Fleet));
  }
  const lost = fields.filter(({ path }) => !carried.has(path) && !isAt(path, filesReadElsewhere));
  expect(lost.map(({ path }) => path)).toEqual([]);
});

test("what is read elsewhere is really named there, and by nobody here", () => {
  for (const [table, leaves] of [
    [readElsewhere, inputs],
    [filesReadElsewhere, fields],
  ] as const) {
    for (const [place, file] of Object.entries(table)) {
      const text = readFileSync(join(checkout, file), "utf8");
      const own = leaves.filter(({ path }) => isAt(path, { [place]: file }));
      expect(own, place).not.toEqual([]);
      const name = place.split(".").findLast((step) => step !== "*")!;
      expect(text, `${file} should read ${place}`).toMatch(new RegExp(`\\b${name}\\b`));
    }
  }
  expect(inputs.map(({ path }) => path).filter((path) => read.has(path) && isAt(path, readElsewhere))).toEqual([]);
});
