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
   * Expects that it answers within twice the time that it takes while nobody misbehaves, and a little more. Measures both in turns, for a minute at
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
      await expect.poll(look, { timeout: 60_000 }).toBeLessThan(1);
    },
  };
}

/**
 * Expects that a neighbour's p99 is within three times what it was before, and a little more: the best of its measures within a minute.
 * @param p99 measures it, in milliseconds
 * @param slack milliseconds more, for turns of the scheduler
 */
export async function expectNearlyAsFast(
  what: string,
  p99: () => Promise<number>,
  quiet: number,
  slack: number,
): Promise<void> {
  let busy = Infinity;
  const look = async () => {
    busy = Math.min(busy, await p99());
    console.info(`${what}: p99 of a neighbour ${quiet.toFixed(1)} ms before, ${busy.toFixed(1)} ms meanwhile`);
    return busy / (3 * quiet + slack);
  };
  await expect.poll(look, { timeout: 60_000 }).toBeLessThan(1);
}
