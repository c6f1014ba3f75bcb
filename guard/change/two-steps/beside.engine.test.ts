import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  add,
  bakery,
  type Edits,
  makeRepository,
  messages,
  prod,
  repository,
  steps,
  today,
} from "./two-steps.cases.ts";

/** A second step that needs an approval by itself: the commit that made it possible, or worse, is said beside what it needs. */
makeRepository();

const choir = prod("accounts/1002-choir.yaml");
const network = prod("network.yaml");
const host = prod("hosts/par1-web1.yaml");
const small = prod("plans/small.yaml");
const owner = (asNumber: string, parent: number): [string, string] => [
  `asNumber: ${asNumber}\n`,
  `asNumber: ${asNumber}\n    parentAsNumber: ${parent}\n`,
];
const known = prod("known_hosts");
const webOneKey = "AAAAC3NzaC1lZDI1NTE5AAAAIBJmdeeaCLs90TQ6diK2J6Is5lRsF0KFCCunXcY0M/kO";
const otherKey = "AAAAC3NzaC1lZDI1NTE5AAAAIPGmdlfNGHNIRhvmoAIhcdYIpdab7Ps9yYKBt/4NPv3A";
const authority = `@cert-authority *.example.net ssh-ed25519 ${otherKey}\n`;
const endOfOperators = "routers:\n  - name: par1-router-1";
const by = `commit [0-9a-f]{12} of Mallory \\(${today}, "Merge first"\\)`;
const claims = (...names: string[]): Edits => ({
  [choir]: [["hostnames: [choir.example.org", `hostnames: [${names.join(", ")}, choir.example.org`]],
});

test.each<[what: string, first: Edits, second: Edits, said: string]>([
  [
    "a host name given up, then taken by another",
    { [bakery]: [["bakery.example.com, www.bakery.example.com", "bakery.example.com"]] },
    claims("www.bakery.example.com"),
    "moves-planned: Gives account 1002 host name www.bakery.example.com, below bakery.example.com of account 1001, after an earlier change \\(in all: Moves host name www.bakery.example.com from account 1001 to account 1002\\)",
  ],
  [
    "an operator added on paper, then another removed",
    {
      [network]: [
        [endOfOperators, `  - name: transit-5\n    asNumber: 64500\n    routers: [par2-router-2]\n${endOfOperators}`],
      ],
    },
    { [network]: [["  - name: transit-4\n    asNumber: 64499\n    routers: [par2-router-2]\n", ""]] },
    "redundancy-kept: Network AS 60362 changes its redundancy: operators transit-4 removed, after an earlier change \\(operators transit-5 added\\)",
  ],
  [
    "cores lowered, then raised",
    { [host]: [["cores: 32", "cores: 31"]] },
    { [host]: [["cores: 31", "cores: 32"]] },
    "promises-kept: Host par1-web1 is declared larger than before, with the same serial number: cores 31 to 32, after an earlier change \\(capacity cores 32 to 31\\)",
  ],
  [
    "a promise taken back bit by bit",
    { [small]: [["diskGb: 10", "diskGb: 9"]] },
    { [small]: [["diskGb: 9", "diskGb: 8"]] },
    "promises-kept: Plan small promises less: disk 9 GB to 8 GB, after an earlier change \\(in all: Plan small promises less: disk 10 GB to 8 GB\\)",
  ],
  [
    "where root logs in, changed and changed back",
    { [host]: [["ssh:\n  address: 2a00:b6e0:100::11\n", "ssh:\n  address: 2a00:b6e0:100::a1\n"]] },
    { [host]: [["ssh:\n  address: 2a00:b6e0:100::a1\n", "ssh:\n  address: 2a00:b6e0:100::11\n"]] },
    "trust-approved: Host par1-web1 changes where root logs in.*, after an earlier change \\(.*2a00:b6e0:100::11 to 2a00:b6e0:100::a1.*\\)",
  ],
  [
    "the owner of an operator, said and taken back, with another one's",
    { [network]: [owner("64497", 64601), owner("64499", 64600)] },
    { [network]: [[`\n    parentAsNumber: 64600`, ""]] },
    "redundancy-kept: Network AS 60362 changes its redundancy: operators transit-4 parent AS number 64600 to none, after an earlier change \\(operators transit-4 parent AS number none to 64600\\)",
  ],
  [
    "a host's key in known_hosts, changed and changed back",
    { [known]: [[webOneKey, otherKey]] },
    { [known]: [[otherKey, webOneKey]] },
    `trust-approved: Host par1-web1 changes where root logs in.*, after an earlier change \\(.*${webOneKey.slice(-20)} to .*${otherKey.slice(-20)}\\)`,
  ],
  [
    "an authority in known_hosts that came and goes",
    { [known]: [[/$/, authority]] },
    { [known]: [[authority, ""]] },
    "trust-approved: Changes which keys are trusted .*, after an earlier change \\(.*@cert-authority .* added\\)",
  ],
  [
    "an update's limit lowered, then raised",
    { [prod("limits.yaml")]: [["hosts: 2", "hosts: 1"]] },
    { [prod("limits.yaml")]: [["hosts: 1", "hosts: 2"]] },
    "trust-approved: Lets one update do more .*, after an earlier change \\(.* 2 to 1\\)",
  ],
])("%s: said with the first's name, by one author and by two", async (_, first, second, said) => {
  for (const [author, who] of [
    ["Mallory", ", who also wrote this one"],
    ["Trent", "; this one is by Trent"],
  ] as const) {
    const report = await steps(first, () => repository.edit(second), ["Mallory", author]);
    // What hosts get of a key differs both ways, and is told of each.
    expect(messages(report).filter((message) => !message.includes(" nothing-opened: "))).toEqual([
      expect.stringMatching(new RegExp(`^needs approval ${said}: ${by}${who}\\.$`)),
    ]);
    await repository.git("checkout", "--quiet", "-B", "main", await repository.git("rev-parse", "main~2"));
    await repository.reset();
  }
});

test("a backup host added on paper, then those that there are removed: said with the first's name", async () => {
  const [first, second, paper] = [1, 2, 3].map((index) => `bak1-backup${index}`) as [string, string, string];
  const text = await readFile(join(repository.directory, prod(`hosts/${first}.yaml`)), "utf8");
  const like = text
    .replaceAll(first, paper)
    .replaceAll(first.toUpperCase(), paper.toUpperCase())
    .replaceAll(/::(b?)31\b/g, "::$139")
    .replace(/asNumber: .*/, "asNumber: 4200003039")
    .replaceAll(/(switchPort: \D+\d+\/\d+\/|switchPort: Ethernet)\d+/g, "$139");
  const key = "AAAAC3NzaC1lZDI1NTE5AAAAIPGmdlfNGHNIRhvmoAIhcdYIpdab7Ps9yYKBt/4NPv3A";
  const report = await steps({
    [prod(`hosts/${paper}.yaml`)]: like,
    [prod("known_hosts")]: [[/$/, `2a00:b6e0:300::39 ssh-ed25519 ${key} ${paper}\n`]],
  }, async () => {
    for (const gone of [first, second]) {
      await repository.edit({ [prod(`hosts/${gone}.yaml`)]: undefined });
      await add("retired.yaml", `- {kind: host, name: ${gone}, retired: ${today}}\n`);
    }
  }, ["Mallory", "Trent"]);
  for (const gone of [first, second])
    expect(messages(report)).toContainEqual(
      expect.stringMatching(
        new RegExp(
          `^needs approval data-kept: Deletes host ${gone}, after an earlier change \\(without it: backup-hosts-there: Accounts .* has no host with role backup\\): ${by}; this one is by Trent\\.$`,
        ),
      ),
    );
});

test("several host names given up, then taken at once: each needs its own hand-over", async () => {
  const report = await steps(
    { [bakery]: [["bakery.example.com, www.bakery.example.com", "bakery.example.org"]] },
    () => repository.edit(claims("bakery.example.com", "www.bakery.example.com", "shop.museum.example.net")),
    ["Mallory", "Trent"],
  );
  expect(
    report.missingApprovals.filter(({ action }) => action === "hand-over").map(({ resource }) => resource),
  ).toEqual(
    expect.arrayContaining(
      ["bakery.example.com", "www.bakery.example.com", "shop.museum.example.net"].map((name) => `hostname ${name}`),
    ),
  );
  const moved = messages(report).filter((each) => each.includes(": Moves host name"));
  for (const message of moved) expect(message).toMatch(new RegExp(`: not before ${by}`));
  expect(moved.length).toBe(2);
});
