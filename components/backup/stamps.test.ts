import fc from "fast-check";
import { expect, test } from "vitest";
import { type AnswerStamp, signAnswer } from "../../delivery/protocol/answers.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { answerTo } from "./answers.ts";
import { newerStamp, stampAnswers } from "./stamps.ts";

const master = Buffer.alloc(32, 7);
const masters = new Map([["web1", { epoch: 1, master }]]);
/** web1 with these of its accounts; the others have gone. */
function declared(lost: string | undefined, here: readonly number[]) {
  const { hosts, accounts } = declarationOf(
    here.map((number) => ({ number, name: `n${number}` })),
    lost === undefined ? {} : { lost },
  );
  return { hosts, accounts };
}
const stampOf = (declaration: ReturnType<typeof declared>, before?: AnswerStamp) =>
  stampAnswers(declaration, new Map(before ? [["web1", before]] : []), masters).get("web1");

test("a host that was never lost has no stamp, and one that never had a delivery has none", () => {
  expect(stampOf(declared(undefined, [1]))).toBeUndefined();
  expect(stampAnswers(declared("2026-11-27", [1]), new Map(), new Map()).size).toBe(0);
});

test("that a host is lost is signed with its master secret, and not that it is not", () => {
  const lost = declared("2026-11-27", [2]);
  const number = 20_784_000;
  const signature = signAnswer(master, 1, number, '{"host":"web1","lost":"2026-11-27","accounts":[2]}');
  expect(answerTo(lost.hosts[0]!, lost.accounts)).toBe('{"host":"web1","lost":"2026-11-27","accounts":[2]}');
  expect(stampOf(lost)).toEqual({ number, epoch: 1, signature });
  expect(stampOf(declared(undefined, []), stampOf(lost))).toEqual({ number: number + 1 });
});

const days = fc.constantFrom("2026-11-27", "2026-11-28", "2020-01-01");
const declarations = fc
  .tuple(fc.option(days, { nil: undefined }), fc.subarray([1, 2, 3]))
  .map(([lost, here]) => declared(lost, here));

test("what says the same keeps its number, and what says something else gets a higher one", () => {
  fc.assert(
    fc.property(fc.array(declarations, { minLength: 1, maxLength: 8 }), (course) => {
      let last: AnswerStamp | undefined;
      let said = '{"host":"web1"}';
      for (const each of course) {
        const next = stampOf(each, last);
        expect(stampOf(each, next)).toEqual(next);
        const says = answerTo(each.hosts[0]!, each.accounts);
        if (says === said) expect(next).toEqual(last);
        else expect(next!.number).toBeGreaterThan(last?.number ?? 0);
        [last, said] = [next, says];
      }
    }),
  );
});

test("a deploy reaches some hosts, in any order: no answer from before a delivery to the host counts after it, and the newest of several wins", () => {
  const places = ["bak1", "bak2", "web1"] as const;
  const deploys = fc.record({
    declaration: declarations,
    reached: fc.shuffledSubarray([...places], { minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(deploys, { minLength: 1, maxLength: 10 }), (course) => {
      /** What the state holds of each host: the stamp, and in which deploy it was made. */
      const state = new Map<string, { stamp: AnswerStamp | undefined; made: number }>();
      for (const [made, { declaration, reached }] of course.entries()) {
        for (const place of reached) {
          // Each wave is a run of the program, with the state of the one before.
          const before = [...state.values()].flatMap(({ stamp }) => stamp ?? []);
          const stamp = stampOf(
            declaration,
            before.reduce<AnswerStamp | undefined>((left, right) => newerStamp(left, right), undefined),
          );
          // Nothing is sent to a lost host.
          if (place === "web1" && declaration.hosts[0]!.lost !== undefined) continue;
          state.set(place, { stamp: place === "web1" && stamp ? { number: stamp.number } : stamp, made });
        }
        const own = state.get("web1");
        const answers = ["bak1", "bak2"].flatMap((name) => state.get(name) ?? []);
        for (const { stamp, made: when } of answers) {
          if (stamp?.signature === undefined || own === undefined) continue;
          if (stamp.number >= (own.stamp?.number ?? 0)) expect(when).toBeGreaterThan(own.made);
        }
        const [one, other] = answers.toSorted((left, right) => left.made - right.made);
        if (one && other) expect(other.stamp?.number ?? 0).toBeGreaterThanOrEqual(one.stamp?.number ?? 0);
      }
    }),
    { numRuns: 500 },
  );
});

test("a state that was restored from an older copy gives an answer of a later day a number that no host has heard", () => {
  const old = stampOf(declared("2026-11-27", []));
  const heard = stampOf(declared(undefined, []), old);
  expect(stampOf(declared("2026-11-28", []))!.number).toBeGreaterThan(heard!.number);
});
