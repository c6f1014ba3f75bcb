import { expect } from "vitest";

/**
 * Milliseconds of a web site's answers: half of them are faster, all but one in a hundred, and all. Of the best of some rounds of 100: what a
 * neighbour costs as long as the measure lasts, it costs in each round; what else is busy on the machine spoils some.
 */
export interface Times {
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
}

/** What is no neighbour's fault: turns of the scheduler of a busy machine. */
const floors: Times = { median: 5, p99: 20, worst: 50 };

/** A web site whose neighbours misbehave, or have visitors who do: these are services in visitors.slice, and come after all others. */
export interface Neighbour {
  times(): Promise<Times>;
  /**
   * Expects that it answers without an error, within twice the time that it takes while nobody misbehaves, and a little more. Measures both in turns, for a minute at
   * most: the visitors of visitors.slice stand still in every second turn, and must go on as long.
   * @param without times without them, of what harms by being there
   */
  expectUnharmed(what: string, without?: Times): Promise<void>;
}

/** @param sh runs a command on a host that has testing/programs/latencies.py in /root; @param name of the web site */
export function neighbour(sh: (command: string) => Promise<string>, name: string): Neighbour {
  const least = (all: readonly Times[]): Times => {
    const of = (what: keyof Times) => Math.min(...all.map((one) => one[what]));
    return { median: of("median"), p99: of("p99"), worst: of("worst") };
  };
  const times = async () => {
    const rounds = JSON.parse(await sh(`python3 /root/latencies.py ${name} 3 100`)) as number[][];
    return least(rounds.map((all) => ({ median: all[50]!, p99: all[98]!, worst: all[99]! })));
  };
  const shown = (all: Times) =>
    Object.entries(all)
      .map(([what, milliseconds]) => `${what} ${milliseconds.toFixed(1)} ms`)
      .join(", ");
  return {
    times,
    async expectUnharmed(what, without) {
      await sh("systemctl set-property --runtime visitors.slice CPUWeight=1");
      const [quiet, busy]: [Times[], Times[]] = [without ? [without] : [], []];
      const look = async () => {
        busy.push(await times());
        if (!without) {
          await sh("systemctl freeze visitors.slice");
          quiet.push(await times());
          await sh("systemctl thaw visitors.slice");
        }
        const [now, before] = [least(busy), least(quiet)];
        console.info(`${what}: a neighbour ${shown(now)}; without them ${shown(before)}`);
        return Math.max(
          ...(["median", "p99", "worst"] as const).map((each) => now[each] / (2 * before[each] + floors[each])),
        );
      };
      // Not `expect.poll`: it would try again after an answer that is an error.
      let share = await look();
      for (const end = performance.now() + 60_000; share >= 1 && performance.now() < end; ) share = await look();
      expect(share).toBeLessThan(1);
    },
  };
}

/** One flood, and how a neighbour of it is measured. */
export interface Flood {
  /** Measures the neighbour's p99 in milliseconds. It fails at an answer that is an error. */
  p99(): Promise<number>;
  /** Begins it, and comes back when it has gone as far as it is let. */
  begin(): Promise<unknown>;
  /** Ends it, and gives back what it holds. */
  end(): Promise<unknown>;
  /** Milliseconds more that are no neighbour's fault: some turns of the scheduler. */
  readonly slack: number;
}

/** The fewest and the most turns in which a neighbour is measured without a flood and with it. */
const [turns, mostTurns] = [3, 15];

/**
 * Expects that a neighbour sees no error, and that its p99 is within three times what it is without the flood, and a little more. Both are measured in turns, and
 * their medians compared: what else is busy on the machine spoils single measures of either. As long as it does so there are more turns, of which all count.
 */
export async function expectNearlyAsFast(what: string, { p99, begin, end, slack }: Flood): Promise<void> {
  const [quiet, busy]: [number[], number[]] = [[], []];
  const share = () => median(busy) / (3 * median(quiet) + slack);
  while (busy.length < turns || (share() >= 1 && busy.length < mostTurns)) {
    quiet.push(await p99());
    await begin();
    busy.push(await p99());
    await end();
  }
  const shown = (all: readonly number[]) =>
    `${median(all).toFixed(1)} ms (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`;
  const said = `${what}: p99 of a neighbour ${shown(quiet)} without, ${shown(busy)} meanwhile, of ${busy.length} turns`;
  console.info(said);
  expect(share(), said).toBeLessThan(1);
}

const median = (all: readonly number[]) => all.toSorted((left, right) => left - right)[all.length >> 1]!;
