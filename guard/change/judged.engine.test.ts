import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type TemporaryRepository, temporaryRepository } from "../../testing/projects/temporary-repository.ts";
import { type Report, reportSchema } from "../report/json.ts";

/** The base's checkout, which judges, and the one of a pull request, which is only data. */
let judge: TemporaryRepository;
let change: TemporaryRepository;
let base = "";
beforeAll(async () => {
  judge = await temporaryRepository();
  change = await judge.clone();
  base = await judge.git("rev-parse", "HEAD");
});
afterEach(async () => {
  expect([await judge.leftovers(), await change.leftovers()]).toEqual([[], []]);
  await change.git("reset", "--quiet", "--hard", base);
  await change.reset();
});
afterAll(() => Promise.all([judge?.[Symbol.asyncDispose](), change?.[Symbol.asyncDispose]()]));

const inventory = (name = "prod") => join(change.directory, "inventory", name);

const review = (...more: string[]) => reviewOf(base, inventory(), ...more);
async function reviewOf(
  from: string,
  fleet: string,
  ...more: string[]
): Promise<{ exitCode: number | undefined; report: Report }> {
  const args = ["review", "--base", from, "--inventory", fleet, "--json", "-", "--today", "2026-11-24"];
  const { exitCode, stdout, stderr } = await judge.guard([...args, ...more]);
  expect(stderr).toBe("");
  return { exitCode, report: reportSchema.parse(JSON.parse(stdout)) };
}
const cells = async (): Promise<unknown> =>
  JSON.parse((await judge.guard(["cells", "--base", base, "--inventory", inventory()])).stdout);
const messages = ({ findings }: Report) => findings.map(({ level, rule, message }) => `${level} ${rule}: ${message}`);

const bakery = "inventory/prod/accounts/1001-bakery.yaml";
const protectedGoes = "blocked data-kept: Account 1001 (bakery) is protected and would be deleted.";
/** Deletes account 1001 with its tombstone, so that only its protection speaks against it. */
async function buried(fleet = "prod"): Promise<void> {
  await rm(join(inventory(fleet), "accounts/1001-bakery.yaml"));
  const file = join(inventory(fleet), "tombstones.yaml");
  await writeFile(file, `${await readFile(file, "utf8")}- {number: 1001, name: bakery, deleted: 2026-11-23}\n`);
}

describe("a pull request that also changes what judges", () => {
  test("a review that finds nothing, a command that does nothing, traps for whoever runs a file of it: blocked, all named", async () => {
    const trap = join(change.directory, "..", `${Date.now()}-trap`);
    await buried();
    await change.edit({
      "guard/verdict/review.ts": [
        ["const changes = changesBetween(before.declaration, after.declaration);", "const changes: Change[] = [];"],
      ],
      "package.json": [['"guard": "node --min', `"preguard": "touch ${trap}", "guard": "true ; node --min`]],
      "fairhost.ts": `import { writeFileSync } from "node:fs";\nwriteFileSync("${trap}", "");\nexport {};\n`,
      ".gitattributes": "* filter=trap diff=trap\n",
      ".npmrc": `node-options=--import=${trap}\n`,
    });
    await change.commit("Mallory");
    const { exitCode, report } = await review();
    expect(exitCode).toBe(4);
    expect(messages(report)).toEqual([
      protectedGoes,
      "needs approval rules-kept: Changes the program, which this review does not run: .gitattributes, .npmrc, fairhost.ts, guard/ (1 file: guard/verdict/review.ts), package.json. What it does on hosts, and how it judges later changes, is unknown.",
    ]);
    expect(await cells()).toEqual(["main"]);
    expect(existsSync(trap)).toBe(false);
  });

  test("a bare repository among its files, with a program in its configuration: not run", async () => {
    const trap = join(change.directory, "..", `${Date.now()}-trap`);
    const monitor = join(change.directory, "inventory/monitor");
    await promisify(execFile)("git", ["init", "--quiet", "--bare", join(change.directory, "inventory/bare")]);
    for (const name of ["HEAD", "config", "objects", "refs"]) {
      await rename(join(change.directory, "inventory/bare", name), join(change.directory, "inventory", name));
    }
    await writeFile(monitor, `#!/bin/sh\ntouch ${trap}\n`);
    await chmod(monitor, 0o755);
    await writeFile(
      join(change.directory, "inventory/config"),
      `[core]\n\trepositoryformatversion = 0\n\tworktree = ${change.directory}\n\tfsmonitor = ${monitor}\n`,
    );
    const { exitCode, report } = await review();
    expect([exitCode, report.missingApprovals]).toMatchObject([3, [{ action: "weaken" }]]);
    expect(existsSync(trap)).toBe(false);
    for (const name of ["bare", "objects", "refs"])
      await rm(join(change.directory, "inventory", name), { recursive: true });
  });

  test("a program alone needs an approval, of that program and of no other", async () => {
    const weaker = (to: string) => change.edit({ "guard/rules.generated.ts": [["  blastRadius,\n", to]] });
    await weaker("");
    const { exitCode, report } = await review();
    expect([exitCode, report.verdict]).toEqual([3, "needs approval"]);
    const [wanted] = report.missingApprovals;
    expect(wanted).toEqual({ action: "weaken", resource: expect.stringMatching(/^program [0-9a-f]{32}$/) });
    const entry = { ...wanted, approvedBy: "Grace", reason: "read line by line", expires: "2026-12-01" };
    await change.edit({ "inventory/prod/approvals.yaml": JSON.stringify([entry]) });
    expect(await review()).toMatchObject({ exitCode: 0, report: { findings: [{ level: "safe" }] } });
    await change.edit({ "guard/rules.generated.ts": [["  dataKept,\n", ""]] });
    const other = await review();
    expect(other.exitCode).toBe(3);
    expect(other.report.missingApprovals).not.toEqual([wanted]);
  });

  test("documents, tests and another fleet's data are not program", async () => {
    await change
      .edit({
        "examples/README.md": undefined,
        "inventory/lab/accounts/1-alice.yaml": [["plan: small", "plan: small # a comment"]],
      })
      .catch(() => {});
    await writeFile(join(change.directory, "README.md"), "Read me.\n");
    expect(await review()).toMatchObject({ exitCode: 0, report: { findings: [], notices: [] } });
    expect(await cells()).toEqual([]);
  });

  test("in its own checkout it judges itself, and the review says so and of which files", async () => {
    await judge.edit({ "guard/verdict/weigh.ts": [["/** Days after which", "/** The days after which"]] });
    const { stdout } = await judge.guard(["review", "--base", "HEAD", "--json", "-"]);
    expect(reportSchema.parse(JSON.parse(stdout)).notices).toEqual([
      "The program differs from the base's and judges itself here: guard/ (1 file: guard/verdict/weigh.ts). To have it judged by the base's: docs/how-to/operate/review-pull-requests-in-ci.md.",
    ]);
    await judge.reset();
  });
});

describe("a fleet is known by its identity, not by its directory", () => {
  test.each(["prod", "prod2"])(
    "its directory renamed, and a protected account deleted: blocked, asked for as %s",
    async (asked) => {
      await change.git("mv", "inventory/prod", "inventory/prod2");
      await buried("prod2");
      const { exitCode, report } = await reviewOf(base, inventory(asked));
      expect(exitCode).toBe(4);
      expect(messages(report)).toEqual([protectedGoes]);
      expect(report.inventory).toBe("inventory/prod2");
      expect(report.notices).toEqual([
        "Fleet prod was in inventory/prod, and is in inventory/prod2 now.",
        "tombstones.yaml changes: 1001 added.",
      ]);
    },
  );

  test("the same with another identity: blocked, because the deletion would not show", async () => {
    await change.git("mv", "inventory/prod", "inventory/prod2");
    await buried("prod2");
    await change.edit({ "inventory/prod2/network.yaml": [["fleet: prod\n", "fleet: prod2\n"]] });
    const { exitCode, report } = await reviewOf(base, inventory("prod2"));
    expect([exitCode, messages(report)]).toEqual([
      4,
      [
        "blocked identity-kept: Fleet prod (inventory/prod) vanishes, and fleet prod2 (inventory/prod2) is new: what is deleted does not show. If it is the same fleet, write `fleet: prod` into inventory/prod2/network.yaml; otherwise add the new fleet in a change of its own.",
      ],
    ]);
    expect(report.findings[0]!.where).toBe("inventory/prod2/network.yaml:4");
    // What the pipeline asks for is gone.
    expect((await judge.guard(["review", "--base", base, "--inventory", inventory()])).exitCode).toBe(4);
  });

  test("another identity in its place needs an approval", async () => {
    await change.edit({ "inventory/prod/network.yaml": [["fleet: prod\n", "fleet: production\n"]] });
    const { exitCode, report } = await review();
    expect([exitCode, report.missingApprovals]).toEqual([3, [{ action: "renumber", resource: "fleet prod" }]]);
  });

  test("a symlink to a directory outside of the repository is no fleet of it", async () => {
    await rm(inventory(), { recursive: true });
    await symlink(join(judge.directory, "inventory/prod"), inventory());
    const { exitCode, stderr } = await judge.guard(["review", "--base", base, "--inventory", inventory()]);
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining("is a symlink that leads out of its repository")]);
  });
});

describe("no change of the fleet is in no cell", () => {
  beforeAll(async () => {
    const second = ["par2-web1", "par2-web2", "par2-spare1", "bak1-backup2"].map(
      (host) => [`inventory/prod/hosts/${host}.yaml`, [[`name: ${host}`, `name: ${host}\ncell: second`]]] as const,
    );
    await judge.edit(Object.fromEntries(second));
    await writeFile(join(judge.directory, "inventory/prod/limits.yaml"), "hosts: 1\n");
    base = await judge.commit();
    await change.git("fetch", "--quiet", "origin");
    await change.git("reset", "--quiet", "--hard", base);
  });

  test("a host or an account: its cell; something shared: all", async () => {
    expect(await cells()).toEqual([]);
    await change.edit({ "inventory/prod/accounts/1008-school.yaml": [["plan: small", "plan: medium"]] });
    expect(await cells()).toEqual(["second"]);
    await change.edit({ "inventory/prod/plans/large.yaml": [["cores: 0.5", "cores: 0.4"]] });
    expect(await cells()).toEqual(["main", "second"]);
  });

  const known = "inventory/prod/known_hosts";
  test.each<[string, Parameters<TemporaryRepository["edit"]>[0]]>([
    ["a tombstone taken away", { "inventory/prod/tombstones.yaml": "[]\n" }],
    ["limits alone", { "inventory/prod/limits.yaml": "hosts: 1000\n" }],
    [
      "approvals alone",
      {
        "inventory/prod/approvals.yaml":
          "- {action: delete, resource: account 1001, approvedBy: Grace, reason: no reason at all, expires: 2026-12-01}\n",
      },
    ],
    ["waivers alone", { "inventory/prod/waivers.yaml": "[]\n" }],
    [
      "something retired alone",
      { "inventory/prod/retired.yaml": "- {kind: host, name: par1-web9, retired: 2026-11-20}\n" },
    ],
    ["a host's key", { [known]: [[/ssh-ed25519 A/, "ssh-ed25519 B"]] }],
    ["a note", { "inventory/prod/README.md": "Read me.\n" }],
    ["a comment", { [bakery]: [["name: bakery", "name: bakery # a shop"]] }],
    ["an account's file by another name", { [bakery]: undefined, "inventory/prod/accounts/0.yaml": "" }],
    ["the program", { "guard/rule.ts": [["/** A rule about", "/** Any rule about"]] }],
    ["a file that nobody knows", { Makefile: "all:\n" }],
    ["a file that no fleet has", { "inventory/prod/settings.yaml": "a: 1\n" }],
  ])("%s: all cells", async (_, edits) => {
    await change.edit(edits);
    expect(await cells()).toEqual(["main", "second"]);
  });

  test("where root logs in on one host: its cell", async () => {
    await change.edit({ "inventory/prod/hosts/par1-web1.yaml": [["  address: 2a00:b6e0:", "  address: 2a00:b6e1:"]] });
    expect(await cells()).toEqual(["main"]);
  });

  const carrying = { "inventory/prod/hosts/par2-web1.yaml": [["cell: second", "cell: main"]] } as const;
  test.each(["main", "second", undefined])(
    "a host carried to another cell is the same finding, reviewed with cell %s",
    async (cell) => {
      await change.edit(carrying);
      const { exitCode, report } = await review(...(cell === undefined ? [] : ["--cell", cell]));
      expect([exitCode, messages(report)]).toEqual([
        3,
        [
          expect.stringMatching(
            /^needs approval moves-planned: Moves host par2-web1, with \d+ accounts? on it, from cell second to cell main\. The stack of second would delete its delivery/,
          ),
        ],
      ]);
      expect(report.missingApprovals).toEqual([{ action: "move", resource: "cell main/par2-web1" }]);
      expect(report.findings[0]!.where).toMatch(/^inventory\/prod\/hosts\/par2-web1\.yaml:\d+$/);
    },
  );

  test.each(["main", "second", undefined])(
    "a cell's last backup host carried away, with the approval to move it: blocked, reviewed with cell %s",
    async (cell) => {
      const approval =
        "- {action: move, resource: cell main/bak1-backup2, approvedBy: Grace, reason: no reason at all, expires: 2026-12-01}\n";
      await change.edit({
        "inventory/prod/hosts/bak1-backup2.yaml": [["cell: second", "cell: main"]],
        "inventory/prod/approvals.yaml": approval,
      });
      const { exitCode, report } = await review(...(cell === undefined ? [] : ["--cell", cell]));
      expect([exitCode, report.verdict]).toEqual([4, "blocked"]);
      expect(messages(report).join("\n")).toContain("backup-hosts-there");
    },
  );

  test("what else changes on a host that is carried shows in both cells", async () => {
    await change.edit(carrying);
    await change.edit({ "inventory/prod/accounts/1008-school.yaml": undefined });
    for (const cell of ["main", "second"]) {
      const { report } = await review("--cell", cell);
      expect(messages(report).some((text) => text.includes("Account 1008 (school) is protected"))).toBe(true);
    }
  });
});

test("a branch behind its base is compared with where they parted, and told so", async () => {
  const old = await judge.git("rev-parse", "HEAD~1");
  await change.git("checkout", "--quiet", "-B", "topic", old);
  await change.edit({ "inventory/prod/accounts/1002-choir.yaml": [["plan: small", "plan: medium"]] });
  await change.commit("Alice");
  await mkdir(join(judge.directory, "inventory/prod/accounts"), { recursive: true });
  await writeFile(
    join(judge.directory, "inventory/prod/accounts/1500-new.yaml"),
    "number: 1500\nname: new\nplan: small\nhost: par1-web1\n",
  );
  const main = await judge.commit("Bob");
  await change.git("fetch", "--quiet", "origin");
  const { report } = await reviewOf(main, inventory());
  expect(report.changes.map(({ kind, op, subject }) => `${op} ${kind} ${subject.name}`)).not.toContain(
    "delete accounts 1500",
  );
  expect(report.notices).toEqual([
    `${main} has 2 commits that this branch lacks. Compared with ${old.slice(0, 12)}, where they parted; rebase to see both together.`,
  ]);
});
