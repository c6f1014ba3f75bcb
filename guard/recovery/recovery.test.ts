import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Proof, proofNamespace, type SignedProof } from "../../delivery/protocol/proofs.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { readAnswer } from "./ask.ts";
import { type Answer, type NoAnswer, noAnswerWords, recoveries } from "./recovery.ts";

const now = Date.parse("2026-11-26T10:00:00.000Z");

const proof: Proof = {
  ...{ account: 1, of: "h1", on: "h1", time: "2026-11-20T10:00:00.000Z" },
  files: { restored: 1, bytes: 5, identical: 1, changedSince: 0 },
  ...{ databases: [], seconds: { find: 0.5, restore: 4.5, drill: 6 }, outcome: "restored", wrong: [] },
};

describe("records of a host are checked with the key of the inventory", () => {
  let directory: string;
  let key: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "fairhost-recovery-"));
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "key")]);
    key = readFileSync(join(directory, "key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function signed(of: Proof, namespace = proofNamespace): SignedProof {
    const text = JSON.stringify(of);
    const sign = ["-Y", "sign", "-q", "-f", join(directory, "key"), "-n", namespace];
    return { text, signatures: [execFileSync("ssh-keygen", sign, { input: text, encoding: "utf8" })] };
  }
  const accountOf = async (...records: SignedProof[]) => {
    const backup = { last: { time: "2026-11-26T01:00:00.000Z" } };
    const report = { host: "h1", accounts: [{ account: 1, backup, proofDays: 30 }], proofs: { 1: records } };
    const { accounts } = (await readAnswer(JSON.stringify(report), "h1", key, now)) as Answer;
    return accounts[0]!;
  };
  const answer = async (...records: SignedProof[]) => {
    const { proof, problems } = await accountOf(...records);
    return [proof, problems];
  };
  const restOf = async (...records: SignedProof[]) => (await accountOf(...records)).rest;

  test("a signed one counts, the newest first", async () => {
    const newer = { ...proof, time: "2026-11-25T10:00:00.000Z" };
    expect(await answer(signed(proof), signed(newer))).toEqual([{ time: newer.time, seconds: 10.5 }, []]);
  });

  test("what a takeover takes is the restore, and as much around it as finding the backup says", async () => {
    const seconds = async (of: Proof["seconds"]) => (await accountOf(signed({ ...proof, seconds: of }))).proof?.seconds;
    expect(await seconds({ find: 0, restore: 4.5, drill: 6 })).toBe(4.5);
    expect(await seconds({ find: 4, restore: 4.5, drill: 12 })).toBe(52.5);
    // An older release does not say it: all of the drill but the restore is more.
    expect(await seconds({ restore: 4.5, drill: 6 })).toBe(22.5);
  });

  test("one from the future counts for nothing, and those before it do", async () => {
    const [later, soon] = ["2026-11-27T10:00:00.000Z", "2026-11-26T10:02:00.000Z"];
    expect(await answer(signed(proof), signed({ ...proof, time: later }))).toEqual([
      { time: proof.time, seconds: 10.5 },
      [`record 2 of its drills is not valid: it is dated ${later}, in the future`],
    ]);
    expect(await answer(signed({ ...proof, time: soon }))).toEqual([{ time: soon, seconds: 10.5 }, []]);
  });

  test("only as many are read as a host keeps", async () => {
    const [found, problems] = await answer(signed(proof), ...Array.from({ length: 30 }, () => ({}) as SignedProof));
    expect(found).toBeUndefined();
    expect(problems).toHaveLength(11);
  });

  test("a failed drill is said, and the proof before it stays", async () => {
    const failed: Proof = { ...proof, outcome: "failed", wrong: ["restoring: damaged"] };
    expect(await answer(signed(proof), signed(failed))).toEqual([
      { time: proof.time, seconds: 10.5 },
      ["its last drill failed: restoring: damaged"],
    ]);
  });

  test("a drill that only the account's own databases have spoilt is told from one that failed", async () => {
    const [own, other] = ["database a1_shop (mariadb): ERROR 1064", "restoring: damaged"];
    const spoilt: Proof = { ...proof, time: "2026-11-25T10:00:00.000Z", outcome: "failed", wrong: [own], own: [own] };
    const says = `its last drill restored all but databases that it keeps from being restored itself: ${own}`;
    expect(await answer(signed(proof), signed(spoilt))).toEqual([{ time: proof.time, seconds: 10.5 }, [says]]);
    expect(await restOf(signed(proof), signed(spoilt))).toEqual({ time: spoilt.time, without: own });
    // Not what came before a drill that restored all, nor one in which more was wrong.
    expect(await restOf(signed(spoilt), signed({ ...proof, time: "2026-11-26T09:00:00.000Z" }))).toBeUndefined();
    const both = signed({ ...spoilt, wrong: [own, other] });
    expect(await restOf(both)).toBeUndefined();
    expect(await answer(both)).toEqual([undefined, [`its last drill failed: ${other}`]]);
  });

  test.each([
    ["changed", () => ({ ...signed(proof), text: JSON.stringify({ ...proof, seconds: { restore: 1, drill: 1 } }) })],
    ["without a signature", () => ({ ...signed(proof), signatures: [] })],
    ["signed for something else", () => signed(proof, "file")],
    ["of another account", () => signed({ ...proof, account: 2 })],
    ["made on another host", () => signed({ ...proof, on: "h2" })],
    ["of no form", () => ({}) as SignedProof],
    ["null", () => null as never],
    ["signed by things", () => ({ text: "x", signatures: [{ toString: 1 }] }) as never],
    ["signed nonsense", () => signed("nonsense" as never)],
    ["of no time", () => signed({ ...proof, time: "2026 (\u001b[31m)" })],
  ])("one that is %s is named and counts for nothing", async (_, record) => {
    expect(await answer(record())).toEqual([
      undefined,
      [expect.stringMatching(/^record 1 of its drills is not valid: /)],
    ]);
  });
});

test.each([
  ["no JSON", "Welcome!", "it is not JSON"],
  ["null", "null", "expected object"],
  ["no accounts", '{"proofs":{}}', "accounts"],
  ["a time that is none", '{"accounts":[{"account":1,"backup":{"last":{"time":7}}}],"proofs":{}}', "time"],
])("a report that is %s is said of its host", async (_, text, why) => {
  const answer = await readAnswer(text, "h1", "ssh-ed25519 A", now);
  expect(answer).toMatchObject({ host: "h1", kind: "nonsense", why: expect.stringContaining(why) });
  expect(noAnswerWords(answer as NoAnswer)).toMatch(/^h1: no usable report of its backups: /);
});

describe("how accounts come back", () => {
  const declaration = declarationFixture();
  const { host, number } = declaration.accounts[0]!;
  const backup = { last: { time: "2026-11-26T01:00:00.000Z" } };
  const first = (answer: Answer["accounts"][number] | undefined) =>
    recoveries(declaration, answer ? [{ host, accounts: [answer] }] : [], now).find(
      ({ account }) => account === number,
    )!;

  test("is what drills have seen", () => {
    const row = first({ account: number, backup, proof: { time: proof.time, seconds: 4.5 }, problems: [] });
    expect(row).toMatchObject({ backup: "2026-11-26T01:00:00.000Z", proof: proof.time, seconds: 4.5, backAfter: 9 });
    expect(row.problems.filter((problem) => !problem.startsWith("no other host has room"))).toEqual([]);
  });

  test.each([
    ["nobody has restored it", { account: number, backup, problems: [] }, "no drill has restored it"],
    ["it has no backup", { account: number, backup: {}, problems: [] }, "it has no backup"],
    [
      "its newest backup is from the future",
      { account: number, backup: { last: { time: "2026-12-26T10:00:00.000Z" } }, problems: [] },
      "its newest backup is dated 2026-12-26T10:00:00.000Z, in the future",
    ],
    [
      "its newest backup is late",
      { account: number, backup: { last: { time: "2026-11-24T10:00:00.000Z" } }, problems: [] },
      "its newest backup is 48 hours old, and should be 36 at most",
    ],
    ["its host does not answer", undefined, "its host does not say"],
    [
      "its proof is too old",
      { account: number, backup, proof: { time: "2026-10-01T10:00:00.000Z", seconds: 1 }, problems: [] },
      "its proof is 56 days old, and its plan allows 30",
    ],
  ])("is said to be unproven if %s", (_, answer, problem) => {
    expect(first(answer).problems).toContain(problem);
  });
});

describe("the copy on an account's standby", () => {
  const valid = declarationFixture();
  const [first, ...others] = valid.accounts;
  const declaration = { ...valid, accounts: [{ ...first!, standby: "h2" }, ...others] };
  const { number } = first!;
  const time = new Date(now - 7_000_000).toISOString();
  const rowWith = (...copies: NonNullable<Answer["copies"]>) =>
    recoveries(declaration, [{ host: "h2", accounts: [], copies }], now).find(({ account }) => account === number)!;
  const about = ({ problems }: ReturnType<typeof rowWith>) => problems.filter((each) => each.includes("standby"));

  test("counts by what the standby says", () => {
    const row = rowWith({ account: number, compared: new Date(now - 3_000_000).toISOString(), copy: { time } });
    expect([row.copy, about(row)]).toEqual([time, []]);
    // Then that is where it goes.
    expect(row.to).toEqual({ host: "h2" });
  });

  test.each([
    ["the standby does not say", [], "its standby h2 does not say what it has of it"],
    ["it has none", [{ account: number, compared: time }], "its standby h2 has no copy of it"],
    [
      "it lags behind",
      [{ account: number, compared: new Date(now - 3_700_000).toISOString(), copy: { time } }],
      "its copy on standby h2 has not had all of its backups for 61 minutes, and its plan allows 60",
    ],
    [
      "no new backup comes",
      [
        {
          account: number,
          compared: new Date(now).toISOString(),
          copy: { time: new Date(now - 7_300_000).toISOString() },
        },
      ],
      "the newest backup on its standby h2 is 121 minutes old, and its plan allows 60",
    ],
    [
      "it never was whole",
      [{ account: number, copy: { time } }],
      "its copy on standby h2 is not whole, and its plan allows 60",
    ],
    [
      "it is from the future",
      [{ account: number, compared: time, copy: { time: "2026-12-26T10:00:00.000Z" } }],
      "its copy on standby h2 is dated in the future",
    ],
  ])("is a problem if %s", (_, copies, problem) => {
    expect(about(rowWith(...copies))).toEqual([problem]);
  });
});
