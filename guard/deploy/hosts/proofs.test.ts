import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import type { Answer } from "../../recovery/recovery.ts";
import { firstAsked } from "./first-asked.ts";
import { proofsOn, takingOver, unproven } from "./proofs.ts";

const { accounts } = declarationFixture();
const [account] = accounts;
const { host, number, name } = account!;
const promised = account!.backup!.proofDays!;
const now = Date.parse("2026-11-28T10:00:00.000Z");
const day = 86_400_000;
const ago = (days: number) => new Date(now - days * day).toISOString();
const only = { accounts: [account!] };
const withDays = (proofDays: number) => ({ accounts: [{ ...account!, backup: { ...account!.backup!, proofDays } }] });

interface Case {
  /** What its host says of it; nothing at all without it. */
  readonly known?: Partial<Answer["accounts"][number]>;
  readonly before?: typeof only;
  readonly after?: typeof only;
  /** Days since a deploy first asked for it. */
  readonly asked?: number;
}
function all({ known, before = only, after = only, asked = 0 }: Case) {
  const listed = known ? [{ account: number, backup: {}, problems: [], ...known }] : [];
  return unproven(before, after, [{ host, accounts: listed }], now, () => now - asked * day);
}
const look = (of: Case) => {
  const { findings, notes } = all(of);
  return [findings.length, notes.length];
};
const proof = (days: number) => ({ proof: { time: ago(days), seconds: 1 } });

test.each<[string, Case, [findings: number, notes: number]]>([
  ["a proof of today", { known: proof(0), asked: 400 }, [0, 0]],
  ["one that ends soon", { known: proof(promised * 0.8) }, [0, 1]],
  ["one that is too old", { known: proof(promised) }, [1, 0]],
  ["one from a clock that is a bit ahead", { known: proof(-0.001) }, [0, 0]],
  [
    "a fresh one, and a record that counts for nothing",
    { known: { ...proof(1), problems: ["in the future"] } },
    [0, 1],
  ],
  ["none, and drills since yesterday", { known: { since: ago(1) } }, [0, 0]],
  ["none, and drills for longer than the plan allows", { known: { since: ago(promised + 1) } }, [1, 0]],
  ["none, and a host that says drills began yesterday", { known: { since: ago(1) }, asked: promised + 1 }, [1, 0]],
  ["none, and drills since tomorrow", { known: { since: ago(-1) }, asked: promised + 1 }, [1, 0]],
  ["an old proof on a host that says it is new", { known: { ...proof(promised), since: ago(1) } }, [1, 0]],
  ["a host of a release that does not say since when", { known: {} }, [0, 0]],
  ["a host of such a release, for too long", { known: {}, asked: promised }, [1, 0]],
  ["a host that leaves it out for the first time", {}, [0, 1]],
  ["a host that leaves it out", { asked: promised }, [1, 0]],
])("an account with %s", (_, of, expected) => {
  expect(look(of)).toEqual(expected);
});

describe("the deploy that brings another `proofDays`", () => {
  test("is judged by the longer one, and says what follows from a shorter one", () => {
    const known = proof(20);
    expect(look({ known, before: withDays(30), after: withDays(7) })).toEqual([0, 1]);
    expect(all({ known, before: withDays(30), after: withDays(7) }).notes[0]).toContain(
      "must be of the last 7 days, not 30",
    );
    expect(look({ known, before: withDays(7), after: withDays(7) })).toEqual([1, 0]);
    expect(look({ known, before: withDays(7), after: withDays(30) })).toEqual([0, 0]);
    expect(look({ known: proof(40), before: withDays(30), after: withDays(7) })).toEqual([1, 0]);
  });
});

test("the finding says what to do and which approval lets it pass", () => {
  expect(all({ known: proof(promised) }).findings).toEqual([
    {
      rule: "backups-proven",
      subject: { kind: "account", name: `${number}` },
      message: expect.stringContaining(`run \`fairhost-host drill ${number}\` there.`),
      approval: { action: "waive", resource: `account ${number}` },
    },
  ]);
});

test("a database that the account itself keeps from being restored is said, and holds up nobody's deploy", () => {
  const rest = { time: ago(1), without: "database a1_shop (postgresql): it does not load" };
  for (const known of [
    { rest, since: ago(promised + 1) },
    { ...proof(promised), rest },
  ]) {
    const { findings, notes } = all({ known: { ...known, problems: ["its last drill"] }, asked: promised + 1 });
    expect(findings).toEqual([]);
    expect(notes).toEqual([expect.stringContaining(`${rest.without}. This stops no deploy`)]);
  }
  // Nobody has tried it for as long as a proof counts.
  expect(look({ known: { ...proof(promised), rest: { ...rest, time: ago(promised) } } })).toEqual([1, 0]);
});

test("an account that its host leaves out is named", () => {
  const said = `account ${number} (${name}) on ${host}`;
  const { message } = all({ asked: promised }).findings[0]!;
  expect(message).toContain(said);
  expect(message).toContain(`; ${host} says nothing of it. Fix: `);
  expect(all({}).notes[0]).toContain(said);
});

test("a host that answers nonsense proves nothing, in words; one that is silent is left to the deploy", () => {
  const answers = (["nonsense", "silent"] as const).map((kind) => ({ host, kind, why: "it is not JSON" }));
  const found = answers.map((answer) => unproven(only, only, [answer], now, () => now).findings);
  expect(found).toEqual([
    [
      {
        rule: "backups-proven",
        subject: { kind: "host", name: host },
        message: `There is no proof that the backups of 1 account on ${host} can be restored: ${host}: no usable report of its backups: it is not JSON. Fix: run \`fairhost-host backups --json\` on ${host}.`,
        approval: { action: "waive", resource: `host ${host}` },
      },
    ],
    [],
  ]);
});

test("an account that the change removes, or that had no backups before it, needs no proof", () => {
  expect(look({ known: proof(promised), after: { accounts: [] } })).toEqual([0, 0]);
  const { backup: _, ...without } = account!;
  expect(look({ asked: promised, before: { accounts: [without as typeof account & object] } })).toEqual([0, 0]);
});

test("a host that takes in accounts of a lost one is asked for no proof, so that nothing holds up the takeover", () => {
  const moved = accounts.map((each) => (each.number === number ? { ...each, host: "spare" } : each));
  expect([...takingOver({ accounts }, { accounts: moved }, new Set([host]))]).toContain("spare");
  expect([...takingOver({ accounts }, { accounts: moved }, new Set())]).toEqual([]);
});

describe("when a deploy first asked", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "fairhost-asked-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const one = { host: "web1", number: 1 };
  const two = { host: "web1", number: 2 };
  const ask = async (at: number, asked = [one], present = [one, two]) => {
    const since = await firstAsked(directory, present, asked, at);
    return present.map(since);
  };

  test("is kept whatever comes later, until the account goes from its host", async () => {
    expect(await ask(1000)).toEqual([1000, 1000]);
    expect(await ask(5000, [two])).toEqual([1000, 5000]);
    expect(await ask(6000, [one, two])).toEqual([1000, 5000]);
    await ask(7000, [], [two, { ...one, host: "web2" }]);
    expect(await ask(8000, [one, two])).toEqual([8000, 5000]);
  });

  test("is at the latest now, although a clock was ahead", async () => {
    await ask(9000);
    expect(await ask(2000, [])).toEqual([2000, 2000]);
    expect(await ask(5000, [])).toEqual([2000, 5000]);
  });

  test("is never taken from a damaged file", async () => {
    writeFileSync(join(directory, "first-asked"), '{"web1 1":"soon"}');
    await expect(ask(1000)).rejects.toThrow("first-asked is damaged");
    expect(readFileSync(join(directory, "first-asked"), "utf8")).toContain("soon");
  });
});

test("the grace of accounts begins with the first deploy that asks their host, also if that does not know the question yet", async () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-asked-"));
  try {
    const declaration = declarationFixture();
    // Without a pinned key it is not even contacted.
    const knownHosts = join(directory, "known_hosts");
    writeFileSync(knownHosts, "");
    // What only informs previews cannot be kept.
    mkdirSync(join(directory, "known-proofs"));
    const said: string[] = [];
    const config = {
      ...{ stack: "test", projectDirectory: directory, inventory: directory, cell: undefined },
      knownHosts,
    };
    const proofs = proofsOn(
      { ...config, sshUser: "root", sshPrivateKeyFile: undefined, today: "2026-11-28" },
      [{ name: host, ssh: { address: "::1", port: 1 } }],
      (text) => said.push(text),
    );
    expect(await proofs(declaration, declaration, [host], directory)).toEqual([]);
    expect(said.join("")).toContain("What hosts said is not remembered for previews: ");
    const own = accounts.filter((each) => each.host === host && each.backup).map((each) => `${host} ${each.number}`);
    expect(own).not.toEqual([]);
    expect(Object.keys(JSON.parse(readFileSync(join(directory, "first-asked"), "utf8")))).toEqual(own.toSorted());
  } finally {
    rmSync(directory, { recursive: true });
  }
});
