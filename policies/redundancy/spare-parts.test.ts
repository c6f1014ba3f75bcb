import { expect, test } from "vitest";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../testing/test-rule.ts";
import { spareParts } from "./spare-parts.ts";

const without = (model: string) => (spares: readonly { model: string; count: number }[]) =>
  spares.filter((spare) => spare.model !== model);

testRule(spareParts, {
  "no spare disk": {
    break: (valid) => changed(valid, "sites", 0, (site) => ({ ...site, spares: without("PM893")(site.spares) })),
    expect: ["site alpha spares: Site alpha has 0 spare parts for disk PM893, but needs 1 for 4 in use."],
  },
  "a count of nothing": {
    break: (valid) =>
      changed(valid, "sites", 0, (site) => ({
        ...site,
        spares: [...without("MX204")(site.spares), { model: "MX204", count: 0 }],
      })),
    expect: ["site alpha spares: Site alpha has 0 spare parts for router MX204, but needs 1 for 1 in use."],
  },
  "no spare switch and no spare power supply": {
    break: (valid) =>
      changed(valid, "sites", 0, (site) => ({ ...site, spares: without("PWR-800")(without("7050X")(site.spares)) })),
    expect: [
      "site alpha spares: Site alpha has 0 spare parts for power supply PWR-800, but needs 1 for 12 in use.",
      "site alpha spares: Site alpha has 0 spare parts for switch 7050X, but needs 1 for 1 in use.",
    ],
  },
});

test("one more for every twenty", () => {
  const valid = declarationFixture({ hosts: 21, accounts: 21 });
  const one = changed(valid, "sites", 0, (site) => ({
    ...site,
    spares: site.spares.map((spare) => ({ ...spare, count: spare.model === "PM893" ? 2 : 9 })),
  }));
  expect(spareParts.check(one, today).map(({ message }) => message)).toEqual([
    "Site alpha has 2 spare parts for disk PM893, but needs 3 for 42 in use.",
  ]);
});
