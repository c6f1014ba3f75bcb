import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { endingProofs, keepKnownProofs } from "./known-proofs.ts";

const day = 86_400_000;
const now = Date.parse("2026-11-26T10:00:00.000Z");
const at = (days: number) => new Date(now + days * day).toISOString();
const valid = declarationFixture();
const [account] = valid.accounts;
const { host, number, name } = account!;
const declaration = { ...valid, accounts: [{ ...account!, backup: { ...account!.backup!, proofDays: 20 } }] };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fairhost-known-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The host is asked, and gives this proof. */
const asked = (when: number, proof: number | undefined) =>
  keepKnownProofs(
    directory,
    [
      {
        host,
        accounts: [
          {
            account: number,
            backup: {},
            problems: [],
            ...(proof !== undefined && { proof: { time: at(proof), seconds: 1 } }),
          },
        ],
      },
    ],
    declaration.accounts,
    now + when * day,
  );
const ending = (days = 0) => endingProofs(directory, declaration, now + days * day);

test("a proof that was near its end when its host was asked is announced by a preview, without asking", async () => {
  expect(await ending()).toEqual([]);
  await asked(-1, -17);
  const drill = `run \`fairhost-host drill ${number}\` there.`;
  const of = `The proof that the backup of account ${number} (${name}) on ${host} can be restored`;
  expect(await ending()).toEqual([
    `${of} ends in 3 days, unless a drill has succeeded since ${host} was asked on 2026-11-25. After that a deploy to ${host} needs an approval (backups-proven): ${drill}`,
  ]);
  expect(await ending(4)).toEqual([
    `${of} ended on 2026-11-29, unless a drill has succeeded since ${host} was asked on 2026-11-25. A deploy to ${host} needs an approval (backups-proven): ${drill}`,
  ]);
});

test("nothing is said of one that a drill was still to renew, or has renewed, or of an account that has gone", async () => {
  await asked(-10, -19);
  expect(await ending()).toEqual([]);
  await asked(0, -18);
  expect(await ending()).toHaveLength(1);
  // What other hosts say changes nothing of it.
  await keepKnownProofs(directory, [], declaration.accounts, now);
  expect(await ending()).toHaveLength(1);
  expect(await endingProofs(directory, { accounts: [{ ...account!, host: "h9" }] }, now)).toEqual([]);
  await asked(0, 0);
  expect(await ending(1)).toEqual([]);
  await asked(0, -18);
  await keepKnownProofs(directory, [], [{ ...account!, host: "h9" }], now);
  expect(await ending()).toEqual([]);
});

test("a damaged file, or one of the future, says nothing and is made anew", async () => {
  writeFileSync(join(directory, "known-proofs"), '{"h1 1":{"asked":"soon"}}');
  expect(await ending()).toEqual([]);
  await asked(5, -18);
  expect(await ending()).toEqual([]);
  expect(await ending(5)).toHaveLength(1);
});
