import { expect, test } from "vitest";
import { sideOf } from "../../guard/change/side.ts";
import { review } from "../../guard/verdict/review.ts";
import { declarationOf, service } from "../../testing/fixtures/bundle-fixture.ts";
import { today } from "../../testing/fixtures/fixture.ts";
import { defaultLimits } from "../review/limits.file.ts";

/** What a review says about services when account 1's only one has this port instead of that. */
function said(before: number | undefined, after: number | undefined): string[] {
  const [was, is] = [before, after].map((port) => {
    const change = port === undefined ? {} : { port };
    return sideOf(declarationOf([{ number: 1, name: "alice", services: [service("game", ["bin/game"], change)] }]));
  });
  const { effects } = review({ before: was!, after: is!, approvals: [], limits: defaultLimits, today });
  return effects.filter(({ subject }) => subject.kind === "service").map(({ sentence }) => sentence);
}

const opens = (port: number) =>
  `Opens TCP port ${port} of fd00:8000:0:1::1 to everybody, for service game of account 1.`;
const closes = (port: number) =>
  `Closes TCP port ${port} of fd00:8000:0:1::1 to everybody, for service game of account 1.`;

test("a review says which port of which account is opened and closed, and for what", () => {
  expect(said(undefined, 8300)).toContain(opens(8300));
  expect(said(8300, undefined)).toContain(closes(8300));
  expect(said(8300, 8301)).toEqual(expect.arrayContaining([closes(8300), opens(8301)]));
  expect(said(8300, 8300)).toEqual([]);
});
