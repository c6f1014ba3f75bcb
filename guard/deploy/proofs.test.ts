import { expect, test } from "vitest";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import type { Answer } from "../recovery/recovery.ts";
import { takingOver, unproven } from "./proofs.ts";

const { accounts } = declarationFixture();
const [account] = accounts;
const { host, number } = account!;
const promised = account!.backup!.proofDays!;
const now = Date.parse("2026-11-28T10:00:00.000Z");
const ago = (days: number) => new Date(now - days * 86_400_000).toISOString();
const look = (known: Partial<Answer["accounts"][number]>, after = accounts) => {
  const answer = { host, accounts: [{ account: number, backup: {}, problems: [], ...known }] };
  const { findings, notes } = unproven({ accounts }, { accounts: after }, [answer], now);
  return [findings.length, notes.length];
};
const proof = (days: number) => ({ proof: { time: ago(days), seconds: 1 } });

test.each([
  ["a proof of today", proof(0), [0, 0]],
  ["one that ends soon", proof(promised * 0.8), [0, 1]],
  ["one that is too old", proof(promised), [1, 0]],
  ["one from a clock that is a bit ahead", proof(-0.001), [0, 0]],
  ["one from the future", proof(-1), [1, 0]],
  ["none, and drills since yesterday", { since: ago(1) }, [0, 0]],
  ["none, and drills for longer than the plan allows", { since: ago(promised + 1) }, [1, 0]],
  ["none, and drills since tomorrow", { since: ago(-1) }, [1, 0]],
  ["an old proof on a host that says it is new", { ...proof(promised), since: ago(1) }, [1, 0]],
  ["a host of a release that does not say since when", {}, [0, 0]],
])("an account with %s", (_, known, expected) => {
  expect(look(known)).toEqual(expected);
});

test("the finding says what to do and which approval lets it pass", () => {
  const answer = { host, accounts: [{ account: number, backup: {}, problems: [], ...proof(promised) }] };
  expect(unproven({ accounts }, { accounts }, [answer], now).findings).toEqual([
    {
      rule: "backups-proven",
      subject: { kind: "account", name: `${number}` },
      message: expect.stringContaining(`run \`fairhost-host drill ${number}\` there.`),
      approval: { action: "waive", resource: `account ${number}` },
    },
  ]);
});

test("an account that the change removes or takes out of backups needs no proof", () => {
  expect(look(proof(promised), [])).toEqual([0, 0]);
});

test("a host that takes in accounts of a lost one is asked for no proof, so that nothing holds up the takeover", () => {
  const moved = accounts.map((each) => (each.number === number ? { ...each, host: "spare" } : each));
  expect([...takingOver({ accounts }, { accounts: moved }, new Set([host]))]).toContain("spare");
  expect([...takingOver({ accounts }, { accounts: moved }, new Set())]).toEqual([]);
});
