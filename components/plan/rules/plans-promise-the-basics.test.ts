import { expect, test } from "vitest";
import { declarationFixture, today } from "../../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../../testing/test-rule.ts";
import { plansPromiseTheBasics } from "./plans-promise-the-basics.ts";

testRule(plansPromiseTheBasics, {
  "a plan that promises nothing": {
    break: (valid) => changed(valid, "plans", 0, (plan) => ({ ...plan, survives: [] })),
    expect: [
      "plan small survives: Plan small does not promise that its accounts survive the loss of one disk, supply, chain, link, switch, router, operator.",
    ],
  },
  "a plan without operators": {
    break: (valid) =>
      changed(valid, "plans", 0, (plan) => ({ ...plan, survives: plan.survives.filter((one) => one !== "operator") })),
    expect: ["plan small survives: Plan small does not promise that its accounts survive the loss of one operator."],
  },
});

test("at an emulated site routers and operators are not asked for, switches are", () => {
  const valid = declarationFixture();
  const emulated = { ...valid, sites: valid.sites.map((site) => ({ ...site, emulated: true })) };
  const promising = (survives: readonly ["disk", "supply", "chain", "link", "switch"?]) =>
    changed(emulated, "plans", 0, (plan) => ({ ...plan, survives: survives.filter((one) => one !== undefined) }));
  const messages = (declaration: typeof valid) => plansPromiseTheBasics.check(declaration, today);
  expect(messages(promising(["disk", "supply", "chain", "link", "switch"]))).toEqual([]);
  expect(messages(promising(["disk", "supply", "chain", "link"]))).toHaveLength(1);
});
