import { expect, test } from "vitest";
import { bakery, type Edits, makeRepository, messages, prod, repository, steps } from "./two-steps.cases.ts";

makeRepository();

test("a rule that finds less of one element first, then several there: what it still finds hides nothing", async () => {
  const fewer: Edits = {
    "guard/rules/moves-planned.ts": [["of namesOf(server)) {", "of namesOf(server).slice(0, 1)) {"]],
  };
  const taken: Edits = {
    [bakery]: [["hostnames: [bakery.example.com, www.bakery.example.com]", "hostnames: [bakery.example.org]"]],
    [prod("accounts/1002-choir.yaml")]: [
      ["hostnames: [choir.example.org", "hostnames: [bakery.example.com, www.bakery.example.com, choir.example.org"],
    ],
  };
  const report = await steps(fewer, () => repository.edit(taken), ["Mallory", "Trent"]);
  expect(report.missingApprovals.filter(({ action }) => action === "hand-over")).toEqual(
    ["bakery.example.com", "www.bakery.example.com"].map((name) => ({
      action: "hand-over",
      resource: `hostname ${name}`,
    })),
  );
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      /^needs approval moves-planned: Moves host name www\.bakery.*: rule moves-planned said so before commit [0-9a-f]{12} of Mallory/,
    ),
  );
});
