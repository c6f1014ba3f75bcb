import { expect, test } from "vitest";
import { add, type Edits, makeRepository, messages, prod, repository, steps } from "./two-steps.cases.ts";

makeRepository();

/** Seven more accounts of 200 GB on par1-web1, which has 1800 GB, two small accounts and one large one. */
const many = async () => {
  for (let number = 1100; number < 1110; number++)
    await add(
      `accounts/${number}-x${number}.yaml`,
      `number: ${number}\nname: x${number}\nplan: large\nhost: par1-web1\n`,
    );
};
const large = prod("plans/large.yaml");

test.each<[what: string, by: string, first: Edits, rule: string]>([
  [
    "more overcommit",
    "Mallory",
    { [large]: [["diskGb: 200\n", "diskGb: 200\novercommit: {memory: 1, disk: 50}\n"]] },
    "overcommit-within-plan",
  ],
  [
    "more overcommit",
    "Trent",
    { [large]: [["diskGb: 200\n", "diskGb: 200\novercommit: {memory: 1, disk: 50}\n"]] },
    "overcommit-within-plan",
  ],
])(
  "%s first, then accounts that fit by it alone, by %s: said with the first's name",
  async (_, second, first, rule) => {
    const report = await steps(first, many, ["Mallory", second]);
    const who = second === "Mallory" ? ", who also wrote this one" : "; this one is by Trent";
    expect(messages(report)).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^needs approval policies-hold: ${rule}: .*par1-web1.*: not before commit [0-9a-f]{12} of Mallory .*${who}\\.$`,
        ),
      ),
    );
    expect(report.missingApprovals).toContainEqual({ action: "weaken", resource: `rule ${rule}` });
  },
);

test("disks larger on paper first, then a host that sells them: said with the first's name", async () => {
  const host = prod("hosts/par1-web1.yaml");
  const report = await steps(
    { [host]: [[/sizeGb: 1920/g, "sizeGb: 3840"]] },
    () => repository.edit({ [host]: [["diskGb: 1800", "diskGb: 3600"]] }),
    ["Mallory", "Trent"],
  );
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      /^needs approval policies-hold: capacity-fits-mirror: .*par1-web1.*: not before commit [0-9a-f]{12} of Mallory .*; this one is by Trent\.$/,
    ),
  );
});

test("overcommit that nothing needs, and accounts that fit without it, are no attack", async () => {
  const report = await steps({
    [large]: [["diskGb: 200\n", "diskGb: 200\novercommit: {memory: 1, disk: 50}\n"]],
  }, async () => {
    await repository.edit({ [prod("accounts/1002-choir.yaml")]: [["plan: small", "plan: medium"]] });
  }, ["Mallory", "Mallory"]);
  expect(messages(report)).toEqual([]);
});
