import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { reportSchema } from "../../report/json.ts";
import {
  add,
  bakery,
  bury,
  type Edits,
  later,
  makeRepository,
  messages,
  moved,
  prod,
  repository,
  steps,
  stepsIn,
  today,
} from "./two-steps.cases.ts";

/** Attacks in two pull requests: the first takes away what speaks against the second. What the second needs is said with the first's name. */
makeRepository();

const waiver = `- {rule: account-with-data-protected, resource: account 1001, owner: Ada, reason: it leaves next week, expires: ${later}}\n`;
const unprotect = {
  [prod("accounts/1001-bakery.yaml")]: [["plan: small", "plan: small\nprotect: false"]],
  [prod("waivers.yaml")]: waiver,
} as const;
const leaves = async () => {
  await bury();
  await repository.edit({ [prod("waivers.yaml")]: undefined });
};

test.each([
  ["one author", "Mallory", ", who also wrote this one"],
  ["two authors", "Trent", "; this one is by Trent"],
])(
  "protection taken away, then the account: needs its approval, with the first's name; %s",
  async (_, second, said) => {
    const report = await steps(unprotect, leaves, ["Mallory", second]);
    expect(report.verdict).toBe("needs approval");
    expect(messages(report)).toEqual([
      "needs approval data-kept: Deletes account 1001 (bakery), with up to 10 GB of data.",
      expect.stringMatching(
        new RegExp(
          `^needs approval data-kept: Account 1001 \\(bakery\\) is protected and would be deleted: not before commit [0-9a-f]{12} of Mallory \\(${today}, "Merge first"\\)${said}\\.$`,
        ),
      ),
    ]);
    // One approval, given by somebody who has read both.
    expect(report.missingApprovals).toEqual([{ action: "delete", resource: "account 1001" }]);
  },
);

test("the account's file renamed in between, and written in another way: the first step is found under its old name", async () => {
  await repository.edit({ [bakery]: [["plan: small", "plan: small\nprotect: false"]] });
  await repository.commit("Mallory");
  const renamed = prod("accounts/1001-Bakery.yaml");
  const text = JSON.stringify(parse(await readFile(join(repository.directory, bakery), "utf8")));
  await repository.edit({ [bakery]: undefined, [renamed]: text });
  await repository.commit("Trent");
  const unrelated = { [prod("accounts/1002-choir.yaml")]: [["plan: ", "# later\nplan: "]] } as const;
  const report = await steps(unrelated, async () => {
    await repository.edit({ [renamed]: undefined });
    await add("tombstones.yaml", `- {number: 1001, name: bakery, deleted: ${today}}\n`);
  }, ["Grace", "Trent"]);
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      /^needs approval data-kept: Account 1001 \(bakery\) is protected and would be deleted: not before commit [0-9a-f]{12} of Mallory \(/,
    ),
  );
});

test.each([
  ["Mallory", "- number: 1003\n  name: gone\n  deleted: 2026-01-02\n"],
  ["Trent", '[{"number": 1003, "name": "gone", "deleted": "2026-01-02"}]\n'],
])(
  "a tombstone taken away, then its number given to a new account: blocked, by %s, however it was written",
  async (second, tombstone) => {
    await repository.edit({ [prod("tombstones.yaml")]: tombstone });
    await repository.commit("Grace");
    const account = "number: 1003\nname: mallory\nplan: small\nhost: par1-web1\n";
    const report = await steps(
      { [prod("tombstones.yaml")]: "[]\n" },
      () => add("accounts/1003-mallory.yaml", account),
      ["Mallory", second],
    );
    expect(messages(report)).toEqual([
      expect.stringMatching(
        /^blocked identity-kept: Gives account 1003 \(mallory\) the number of a deleted account, which was a tombstone before commit [0-9a-f]{12} of Mallory \(/,
      ),
    ]);
  },
);

test.each(["Mallory", "Trent"])(
  "limits raised, then more hosts at once than they allowed: needs an approval, by %s",
  async (second) => {
    await repository.edit({ [prod("limits.yaml")]: "deployment: at-once\nhosts: 1\n" });
    await repository.commit("Grace");
    const renumber: Edits = {
      [prod("hosts/par1-web1.yaml")]: [["asNumber: 4200001011", "asNumber: 4200001111"]],
      [prod("hosts/par1-web2.yaml")]: [["asNumber: 4200001012", "asNumber: 4200001112"]],
    };
    const report = await steps(
      { [prod("limits.yaml")]: "hosts: 10\ncapacityPercent: 100\n" },
      () => repository.edit(renumber),
      ["Mallory", second],
    );
    expect(messages(report)).toContainEqual(
      expect.stringMatching(
        /^needs approval blast-radius: One update touches 2 hosts .*: not before commit [0-9a-f]{12} of Mallory \(/,
      ),
    );
    expect(report.missingApprovals).toContainEqual({ action: "weaken", resource: "limits deployment" });
  },
);

test.each(["Mallory", "Trent"])(
  "an approval written first, then used: said with who wrote it, by %s",
  async (second) => {
    const approval = `- {action: move, resource: account 1001, approvedBy: Grace, reason: agreed with the owner, expires: ${later}}\n`;
    const bakery = "accounts/1001-bakery.yaml";
    const host = /host: (\S+)/.exec(await readFile(join(repository.directory, prod(bakery)), "utf8"))![1]!;
    const other = host === "par1-web1" ? "par1-web2" : "par1-web1";
    const report = await steps(
      { [prod("approvals.yaml")]: approval },
      () => repository.edit({ [prod(bakery)]: [[`host: ${host}`, `host: ${other}`]] }),
      ["Mallory", second],
    );
    expect(report.verdict).toBe("safe");
    expect(report.notices).toEqual([
      expect.stringMatching(
        /^The approval move account 1001, by Grace, was there before this change, since commit [0-9a-f]{12} of Mallory \(/,
      ),
    ]);
  },
);

test.each(["Mallory", "Trent"])("a waiver written first, then used: said with who wrote it, by %s", async (second) => {
  const report = await steps(
    {
      [prod("waivers.yaml")]:
        `- {rule: hot-swap-ssds, resource: host par2-web4, owner: Ada, reason: until the new disk is here, expires: ${later}}\n`,
    },
    () => repository.edit({ [prod("hosts/par2-web4.yaml")]: [[/hotSwap: true\nmirrors/, "hotSwap: false\nmirrors"]] }),
    ["Mallory", second],
  );
  expect(report.notices).toContainEqual(
    expect.stringMatching(
      /^The waiver of rule hot-swap-ssds for host par2-web4, which this change uses, was there before this change, since commit [0-9a-f]{12} of Mallory \(/,
    ),
  );
});

test("a host name that one account gives up, then another takes: needs its hand-over, though no file is in both changes", async () => {
  const choir = prod("accounts/1002-choir.yaml");
  const report = await steps(
    { [prod("accounts/1001-bakery.yaml")]: [["bakery.example.com, www.bakery.example.com", "bakery.example.org"]] },
    () =>
      repository.edit({
        [choir]: [["hostnames: [choir.example.org", "hostnames: [bakery.example.com, choir.example.org"]],
      }),
    ["Mallory", "Trent"],
  );
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      /^needs approval moves-planned: Moves host name bakery.example.com from account 1001 to account 1002: not before commit [0-9a-f]{12} of Mallory \(/,
    ),
  );
  expect(report.missingApprovals).toContainEqual({ action: "hand-over", resource: "hostname bakery.example.com" });
});

test.each<[what: string, first: Edits, second: Edits, said: string]>([
  [
    "a wildcard over it",
    { [bakery]: [["bakery.example.com, www.bakery.example.com", "bakery.example.org"]] },
    { [prod("accounts/1002-choir.yaml")]: [["[choir.example.org]", "[choir.example.org, '*.bakery.example.com']"]] },
    "Gives account 1002 host name \\*\\.bakery.example.com, below bakery.example.com of account 1001",
  ],
  [
    "its name below the platform's domain",
    { [bakery]: [["name: bakery", "name: pastry"]] },
    { [prod("accounts/1013-engraver.yaml")]: [["name: engraver", "name: bakery"]] },
    "Moves host name bakery.hosted.example from account 1001 to account 1013",
  ],
])("a host name that one account gives up, then another takes %s", async (_, first, second, said) => {
  await repository.edit({
    [prod("network.yaml")]: [["fleet: prod\n", "fleet: prod\nplatformDomain: hosted.example\n"]],
  });
  await repository.commit("Grace");
  const report = await steps(first, () => repository.edit(second), ["Mallory", "Trent"]);
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      new RegExp(`^needs approval moves-planned: ${said}: not before commit [0-9a-f]{12} of Mallory`),
    ),
  );
});

test.each(["Mallory", "Trent"])(
  "a rule emptied, then what it refused: needs its approval, with the first's name; by %s",
  async (second) => {
    const emptied: Edits = {
      "guard/rules/data-kept.ts": [["*find(", "*find() {},\n  *found("]],
      "guard/rules/moves-planned.ts": [["*find(", "*find() {},\n  *found("]],
    };
    const report = await steps(emptied, () => repository.edit(moved("par1-web1", "par1-web2")), ["Mallory", second]);
    const who = second === "Mallory" ? ", who also wrote this one" : "; this one is by Trent";
    expect(messages(report)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^needs approval moves-planned: Moves account 1001 .*: rule moves-planned said so before commit [0-9a-f]{12} of Mallory \\(${today}, "Merge first"\\)${who}\\.$`,
        ),
      ),
    ]);
    expect(report.missingApprovals).toEqual([{ action: "move", resource: "account 1001" }]);
  },
);

test("a rule changed to say the same, then what it finds, approved: said once", async () => {
  const same: Edits = { "guard/rules/moves-planned.ts": [[/$/, "// The same.\n"]] };
  const report = await steps(same, async () => {
    await repository.edit(moved("par1-web1", "par1-web2"));
    await add(
      "approvals.yaml",
      `- {action: move, resource: account 1001, approvedBy: Ada, reason: it outgrew its host, expires: ${later}}\n`,
    );
  }, ["Mallory", "Trent"]);
  expect(messages(report)).toEqual([expect.stringMatching(/^safe moves-planned: Moves account 1001 [^:]*$/)]);
});

test("a file by a new path since a rule was changed: an older program does not take it for a stranger's", async () => {
  const newer: Edits = {
    "components/http/front-end/render-sites.ts": [["`sites/names/", "`sites/known/"]],
    "components/http/sites.host.ts": [["path: /names", "path: /known"]],
    "guard/rules/nothing-opened.ts": [[/$/, "// The same.\n"]],
  };
  const named = ["www.bakery.example.com]", "www.bakery.example.com, shop.bakery.example.com]"] as const;
  const report = await steps(newer, () => repository.edit({ [bakery]: [named] }), ["Mallory", "Trent"]);
  expect(messages(report)).toEqual([]);
});

test("a number that the base has given to another account meanwhile: blocked, though where they parted it was free", async () => {
  const file = (name: string) => prod(`accounts/1050-${name}.yaml`);
  const text = (name: string) => `number: 1050\nname: ${name}\nplan: small\nhost: par1-web1\n`;
  await repository.git("branch", "--quiet", "parted");
  await repository.edit({ [file("theirs")]: text("theirs") });
  await repository.commit("Grace");
  await repository.git("checkout", "--quiet", "parted");
  await repository.edit({ [file("ours")]: text("ours") });
  await repository.commit("Ada");
  const { stdout } = await repository.guard(["review", "--base", "main", "--json", "-", "--today", today]);
  await repository.git("checkout", "--quiet", "--detach");
  await repository.git("branch", "--quiet", "-D", "parted");
  expect(messages(reportSchema.parse(JSON.parse(stdout)))).toEqual([
    "blocked identity-kept: Gives account 1050 (ours) a number that the base has given to theirs since this branch parted from it: rebase, and take the next free number.",
  ]);
});

test("two policies emptied, then an account that breaks both: an approval for each, and for no other", async () => {
  const emptied = Object.fromEntries(
    ["data/account-with-data-protected", "redundancy/redundant-on-two-sites"].map((name) => [
      `policies/${name}.ts`,
      [["*find(", "*find() {},\n  *found("]],
    ]),
  ) as Edits;
  const breaks: Edits = {
    [prod("accounts/1011-clinic.yaml")]: [
      ["plan: redundant\n", "plan: redundant\nprotect: false\n"],
      ["standby: par2-web3\n", "standby: par1-web4\n"],
    ],
  };
  const report = await steps(emptied, () => repository.edit(breaks), ["Mallory", "Trent"]);
  const held = report.findings.filter(({ message }) => message.includes("said so"));
  const by = "before commit [0-9a-f]{12} of Mallory";
  expect(held.map(({ level, message }) => `${level}: ${message}`).sort()).toEqual([
    expect.stringMatching(
      new RegExp(
        `^needs approval: account-with-data-protected: Account 1011 .* is not protected: rule account-with-data-protected said so ${by}`,
      ),
    ),
    expect.stringMatching(
      new RegExp(`^needs approval: redundant-on-two-sites: Account 1011 .*: rule redundant-on-two-sites said so ${by}`),
    ),
  ]);
  for (const rule of ["account-with-data-protected", "redundant-on-two-sites"])
    expect(report.missingApprovals).toContainEqual({ action: "weaken", resource: `rule ${rule}` });
  expect(report.missingApprovals).not.toContainEqual({ action: "weaken", resource: "rule policies-hold" });
});

test("rules emptied, then what they refused: found in the cell that has it, what is of the whole fleet in each", async () => {
  const hosts = ["par2-web1", "par2-web2", "par2-web3", "par2-spare1", "bak1-backup2"];
  await repository.edit(
    Object.fromEntries(
      hosts.map((name) => [prod(`hosts/${name}.yaml`), [[`name: ${name}`, `name: ${name}\ncell: second`]]]),
    ),
  );
  await repository.commit("Grace");
  const emptied: Edits = Object.fromEntries(
    ["guard/rules/moves-planned", "policies/data/account-with-data-protected"].map((rule) => [
      `${rule}.ts`,
      [["*find(", "*find() {},\n  *found("]],
    ]),
  );
  const school = prod("accounts/1008-school.yaml");
  const second: Edits = { [school]: [["host: par2-web1", "host: par2-web2\nprotect: false"]] };
  const cells = ["second", "main"];
  const reports = await stepsIn(cells, emptied, () => repository.edit(second), ["Mallory", "Trent"]);
  const by = "before commit [0-9a-f]{12} of Mallory";
  const found = (pattern: string) => expect.stringMatching(new RegExp(`^needs approval ${pattern} said so ${by}`));
  const unprotected = found(
    "policies-hold: account-with-data-protected: Account 1008 .*: rule account-with-data-protected",
  );
  const [own, other] = reports.map((report) =>
    messages(report)
      .filter((message) => message.includes("said so"))
      .sort(),
  );
  expect(own).toEqual([found("moves-planned: Moves account 1008 .*: rule moves-planned"), unprotected]);
  expect(other).toEqual([unprotected]);
});

test("two steps that have nothing to do with each other, and a change that its rule asks to be split, are no attack", async () => {
  const report = await steps(
    { [prod("accounts/1004-museum.yaml")]: [["name: museum", "name: museum # a comment"]] },
    () => repository.edit({ [prod("accounts/1002-choir.yaml")]: [["plan: small", "plan: medium"]] }),
    ["Mallory", "Mallory"],
  );
  expect([report.findings, report.notices]).toEqual([[], []]);
});
