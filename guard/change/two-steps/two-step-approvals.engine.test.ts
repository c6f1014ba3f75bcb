import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type Report, reportSchema } from "../../report/json.ts";
import {
  bakery,
  type Edits,
  later,
  makeRepository,
  messages,
  moved,
  prod,
  repository,
  start,
  steps,
  today,
} from "./two-steps.cases.ts";

/** Approvals that come before, with or after what they approve: whose they are, and which a change has used. */
makeRepository();

test("what only two steps break is not approved by the author of the second, where the fleet wants a second person", async () => {
  const choir = prod("accounts/1002-choir.yaml");
  const entry = {
    action: "hand-over",
    resource: "hostname bakery.example.com",
    approvedBy: "Grace",
    reason: "agreed with both",
    expires: later,
  };
  const report = await steps(
    {
      ...{
        [prod("accounts/1001-bakery.yaml")]: [["bakery.example.com, www.bakery.example.com", "bakery.example.org"]],
      },
      [prod("limits.yaml")]: "secondPerson: true\n",
    },
    () =>
      repository.edit({
        [choir]: [["hostnames: [choir.example.org", "hostnames: [bakery.example.com, choir.example.org"]],
        [prod("approvals.yaml")]: JSON.stringify([entry]),
      }),
    ["Mallory", "Trent"],
  );
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      /^needs approval moves-planned: Moves host name bakery.example.com .*by its own author: .* of Trent/,
    ),
  );
});

const approving = (reason: string) =>
  `- {action: move, resource: account 1001, approvedBy: Grace, reason: ${reason}, expires: ${later}}\n`;

/** A change and its approval in one branch, each committed by somebody. */
async function approved(change: string, approval: string, limits?: string): Promise<Report> {
  if (limits !== undefined) await repository.edit({ [prod("limits.yaml")]: limits });
  await repository.commit("Bystander");
  await repository.git("checkout", "--quiet", "-b", "second");
  await repository.edit(moved("par1-web1", "par1-web2"));
  await repository.commit(change);
  await repository.edit({ [prod("approvals.yaml")]: approving("agreed with the owner") });
  await repository.commit(approval);
  const { stdout } = await repository.guard(["review", "--base", "main", "--json", "-", "--today", today]);
  await repository.git("checkout", "--quiet", "main");
  await repository.git("branch", "--quiet", "-D", "second");
  return reportSchema.parse(JSON.parse(stdout));
}

test("a change that its own author approves: said; blocked where the fleet wants a second person; not if one wrote it", async () => {
  const said = /^The approval move account 1001, by Grace, is by its own author: .*, of Mallory\.$/;
  const own = await approved("Mallory", "Mallory");
  expect([own.verdict, own.notices]).toEqual(["safe", expect.arrayContaining([expect.stringMatching(said)])]);
  const refused = await approved("Mallory", "Mallory", "secondPerson: true\n");
  expect(messages(refused)).toEqual([
    expect.stringMatching(
      /^needs approval moves-planned: Moves account 1001 .*; its approval is by its own author: .* of Mallory; limits.yaml wants a second person\.$/,
    ),
  ]);
  const other = await approved("Mallory", "Grace", "secondPerson: true\n");
  expect([other.verdict, other.notices.filter((each) => /own author/.test(each))]).toEqual(["safe", []]);
}, 120_000);

test("an approval that an earlier change has used is not one of the next, by whomever; one that is written anew is", async () => {
  const first = { ...moved("par1-web1", "par1-web2"), [prod("approvals.yaml")]: approving("agreed with the owner") };
  const report = await steps(first, () => repository.edit(moved("par1-web2", "par1-web3")), ["Mallory", "Trent"]);
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      /^needs approval moves-planned: Moves account 1001 .*; its approval was used already, since commit [0-9a-f]{12} of Mallory \(/,
    ),
  );
  await repository.git("checkout", "--quiet", "-B", "main", start);
  const anew = async () => {
    await repository.edit({
      ...moved("par1-web2", "par1-web3"),
      [prod("approvals.yaml")]: approving("agreed with the owner again"),
    });
  };
  expect(await steps(first, anew, ["Mallory", "Trent"])).toMatchObject({ verdict: "safe" });
});

test("an approval of larger limits is used by the change that raises them, as any other", async () => {
  const entry = `- {action: weaken, resource: limits deployment, approvedBy: Ada, reason: the fleet has grown, expires: ${later}}\n`;
  const report = await steps(
    { [prod("limits.yaml")]: "hosts: 3\n", [prod("approvals.yaml")]: entry },
    () => repository.edit({ [prod("limits.yaml")]: "hosts: 300\n" }),
    ["Mallory", "Trent"],
  );
  expect(messages(report)).toContainEqual(
    expect.stringMatching(/^needs approval trust-approved: Lets one update do more .*; its approval was used already/),
  );
});

/** Reviews a change of main's newest commit by Trent. */
async function reviewOf(edits: Edits): Promise<Report> {
  await repository.git("checkout", "--quiet", "-b", "second");
  await repository.edit(edits);
  await repository.commit("Trent");
  const { stdout } = await repository.guard(["review", "--base", "main", "--json", "-", "--today", today]);
  await repository.git("checkout", "--quiet", "main");
  await repository.git("branch", "--quiet", "-D", "second");
  return reportSchema.parse(JSON.parse(stdout));
}

/** More commits than are compared, to bury a step under them. */
const burying = 8;

test("limits raised, and then commented on again and again: what they allow needs an approval all the same", async () => {
  const limits = prod("limits.yaml");
  for (const [text, author] of [
    ["deployment: at-once\nhosts: 1\n", "Grace"],
    ["hosts: 10\ncapacityPercent: 100\n", "Mallory"],
  ] as const) {
    await repository.edit({ [limits]: text });
    await repository.commit(author);
  }
  await manyCommits(burying, limits);
  const report = await reviewOf({
    [prod("hosts/par1-web1.yaml")]: [["asNumber: 4200001011", "asNumber: 4200001111"]],
    [prod("hosts/par1-web2.yaml")]: [["asNumber: 4200001012", "asNumber: 4200001112"]],
  });
  expect(messages(report)).toContainEqual(
    expect.stringMatching(
      /^needs approval blast-radius: One update touches 2 hosts .*: not before commit .* of Mallory/,
    ),
  );
});

test("somebody's approval, changed by the author of the change to one of something else: it is by its own author", async () => {
  await repository.edit({ [prod("limits.yaml")]: "secondPerson: true\n" });
  await repository.commit("Grace");
  await repository.git("checkout", "--quiet", "-b", "second");
  await repository.edit(moved("par1-web1", "par1-web2"));
  await repository.commit("Mallory");
  const entry = `- action: suspend\n  resource: account 1001\n  approvedBy: Grace\n  reason: agreed with the owner\n  expires: ${later}\n`;
  await repository.edit({ [prod("approvals.yaml")]: entry });
  await repository.commit("Grace");
  await repository.edit({ [prod("approvals.yaml")]: [["action: suspend", "action: move"]] });
  await repository.commit("Mallory");
  const { stdout } = await repository.guard(["review", "--base", "main", "--json", "-", "--today", today]);
  await repository.git("checkout", "--quiet", "main");
  await repository.git("branch", "--quiet", "-D", "second");
  expect(messages(reportSchema.parse(JSON.parse(stdout)))).toEqual([
    expect.stringMatching(/^needs approval moves-planned: Moves account 1001 .*; its approval is by its own author/),
  ]);
});

test("whoever moves the fleet's directory, or writes its approvals in another form, is author of none, and frees none that was used", async () => {
  const pending = approving("agreed with the owner").replace("1001", "1002");
  await repository.edit({ [prod("limits.yaml")]: "secondPerson: true\n" });
  await repository.commit("Grace");
  await repository.edit({
    ...moved("par1-web1", "par1-web2"),
    [prod("approvals.yaml")]: approving("agreed with the owner") + pending,
  });
  await repository.commit("Mallory");
  await repository.edit(moved("par1-web2", "par1-web1"));
  await repository.commit("Mallory");
  await repository.git("checkout", "--quiet", "-b", "move");
  await repository.git("mv", "inventory/prod", "inventory/live");
  await repository.commit("Carol");
  const at = (file: string) => `inventory/live/${file}`;
  const entries = parse(await readFile(join(repository.directory, at("approvals.yaml")), "utf8"));
  await repository.edit({ [at("approvals.yaml")]: JSON.stringify(entries) });
  await repository.commit("Carol");
  await repository.git("checkout", "--quiet", "main");
  await repository.git("merge", "--quiet", "--no-ff", "--message", "Merge move", "move");
  await repository.git("branch", "--quiet", "-D", "move");
  await repository.git("checkout", "--quiet", "-b", "second");
  const choir = /host: (\S+)/.exec(
    await readFile(join(repository.directory, at("accounts/1002-choir.yaml")), "utf8"),
  )![1]!;
  await repository.edit({
    [at("accounts/1001-bakery.yaml")]: [["host: par1-web1", "host: par1-web2"]],
    [at("accounts/1002-choir.yaml")]: [
      [`host: ${choir}`, `host: ${choir === "par1-web3" ? "par1-web4" : "par1-web3"}`],
    ],
  });
  await repository.commit("Mallory");
  const of = ["--inventory", "inventory/live"];
  const { stdout } = await repository.guard(["review", "--base", "main", ...of, "--json", "-", "--today", today]);
  await repository.git("checkout", "--quiet", "main");
  await repository.git("branch", "--quiet", "-D", "second");
  const said = messages(reportSchema.parse(JSON.parse(stdout))).filter((each) => each.includes("moves-planned"));
  expect(said.sort()).toEqual([
    expect.stringMatching(/Moves account 1001 .*; its approval was used already, since commit .* of Mallory/),
    expect.stringMatching(/Moves account 1002 .*; its approval is by its own author: .* of Mallory/),
  ]);
});

/** Commits to main that change a comment in a file, one each: all in one process. */
async function manyCommits(number: number, file: string): Promise<void> {
  const text = await readFile(join(repository.directory, file), "utf8");
  const commits = Array.from({ length: number }, (_, change) => {
    const content = `${text}# ${change}\n`;
    const who = `Mallory <mallory@example.org> ${Math.floor(Date.now() / 1000)} +0000`;
    const from = change === 0 ? "from refs/heads/main^0\n" : "";
    return `commit refs/heads/main\ncommitter ${who}\ndata 6\nchange\n${from}M 100644 inline ${file}\ndata ${Buffer.byteLength(content)}\n${content}\n`;
  });
  await execa("git", ["fast-import", "--quiet"], { cwd: repository.directory, input: commits.join("") });
  await repository.git("reset", "--quiet", "--hard");
}

test("an approval whose change was taken back was used all the same; one that is older than many changes is not known to be unused", async () => {
  const there = moved("par1-web1", "par1-web2");
  await repository.edit({ ...there, [prod("approvals.yaml")]: approving("agreed with the owner") });
  await repository.commit("Grace");
  await repository.edit(moved("par1-web2", "par1-web1"));
  await repository.commit("Grace");
  expect(messages(await reviewOf(there))).toEqual([
    expect.stringMatching(/^needs approval moves-planned: .*; its approval was used already, since commit .* of Grace/),
  ]);
  await manyCommits(40, bakery);
  expect(messages(await reviewOf(there))).toEqual([
    expect.stringMatching(
      /^needs approval moves-planned: .*; its approval has been there for more than 40 changes, since/,
    ),
  ]);
}, 240_000);
