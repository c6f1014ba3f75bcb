import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startSlots } from "../components/http/program/start-slots.ts";
import { kindOf } from "../components/http/render-http-server.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import { type Awake, wakeBudget } from "./wake-budget.ts";

const valid = declarationFixture();
const [account] = valid.accounts;
const starting = (inTurn: number): Awake => ({
  ...{ account: account!, programs: inTurn, inTurn, cpuSeconds: 0, memoryMb: 0 },
});

describe("seconds", () => {
  const { longestSeconds, perCpu, parts } = startSlots;
  const base = wakeBudget(1, [], 1000).seconds;

  /** When the last start gets its place, as start-slot gives them away: in the order of the accounts' queues, then of the host's. */
  function lastPlace(cores: number, accounts: readonly (readonly number[])[]): number {
    const waiting = accounts.map((durations) => [...durations]);
    const queue: number[] = [];
    let running: { of: number; end: number }[] = [];
    let now = 0;
    for (;;) {
      waiting.forEach((durations, of) => {
        const mine = running.filter((each) => each.of === of).length;
        if (durations.length > 0 && !queue.includes(of) && mine < (perCpu / parts) * cores) queue.push(of);
      });
      if (queue.length > 0 && running.length < perCpu * cores) {
        const of = queue.shift()!;
        running.push({ of, end: now + waiting[of]!.shift()! });
        continue;
      }
      if (waiting.every((durations) => durations.length === 0)) return now;
      now = Math.min(...running.map(({ end }) => end));
      running = running.filter(({ end }) => end > now);
    }
  }

  test("property: an upper bound, whatever the programs do", () => {
    const durations = fc.array(fc.integer({ min: 1, max: longestSeconds }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(durations, { minLength: 1, maxLength: 12 }),
        (cores, all) => {
          const budget = wakeBudget(
            cores,
            all.map(({ length }) => starting(length)),
            1000,
          );
          expect(budget.seconds - base).toBeGreaterThanOrEqual(lastPlace(cores, all));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("one account with many waits for its own places, the host's are shared by all", () => {
    expect(lastPlace(1, [[5, 5, 5, 5, 5]])).toBe(20);
    expect(lastPlace(1, [[5], [5], [5], [5], [5]])).toBe(5);
  });
});

test.each(valid.httpServers.filter((server) => server.account === 1).map((server) => [server.kind, server] as const))(
  "%s: whether it waits for its turn is what its unit does",
  (_, server) => {
    const kind = kindOf(server);
    const text = kind.service?.(account!, server) ?? "";
    expect(text.includes("fairhost-start@")).toBe(kind.inTurn === true);
    expect(kind.wake === "front end").toBe(kind.service === undefined);
  },
);
