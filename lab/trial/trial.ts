import { setTimeout as sleep } from "node:timers/promises";
import type { Failure } from "../../components/inputs.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Subject } from "../../components/registry/subject.ts";
import { type Seen, silent } from "./protocol.ts";
import type { Stage } from "./stage.ts";
import { cuttable, partOf, visitor } from "./topology.ts";
import { type Journey, type Way, wrongWays } from "./ways.ts";

/** An element, and what the proof says of its failure. */
export interface Expected {
  readonly name: string;
  readonly failure: Failure;
  readonly subject: Subject;
  /** Accounts that lose service. */
  readonly accounts: readonly number[];
}

/** What was seen when one element was cut and given back. */
export interface Outcome {
  readonly element: string;
  readonly failure: Failure;
  /** Accounts that the proof takes down, and those that were down. */
  readonly expected: readonly number[];
  readonly down: readonly number[];
  readonly agrees: boolean;
  /** While it was cut: the ways from the visitor to each host with accounts, and back, in each family. */
  readonly ways: readonly Way[];
  /** Those of them that loop, and those that do not arrive although the host's accounts stay. */
  readonly wrong: readonly Way[];
  /** Of the accounts that stay: the longest time without an answer in milliseconds, and requests without one. */
  readonly cut: Effect;
  /** The same after the element was given back. */
  readonly restored: Effect;
}

interface Effect {
  readonly longestGap: number;
  readonly lost: number;
}

/** The result of a trial. */
export interface Trial {
  /** All accounts that were asked, by number, with their hosts. */
  readonly accounts: readonly { readonly account: number; readonly host: string }[];
  readonly outcomes: readonly Outcome[];
  /** Elements that cannot be cut here, by name: disks and power. */
  readonly untried: readonly string[];
}

/**
 * Milliseconds after a cut until what is still down counts as down, and how long an account is watched at a time. A session that a busy machine
 * has lost besides needs about 15 s until it is up again. What is given back may send after a second: the kernel looks no more often at
 * carriers that change (linkwatch), and another cut before is a second failure at a time, of which the proof says nothing.
 */
const limits = { settle: 30_000, window: 400, carrier: 1000 } as const;

/**
 * Takes away each element that can be cut, asks every account from outside, gives it back, and compares with the proof.
 * @param how `hang`: its carriers stay, and it does nothing; of links nothing can hang
 * @throws LabError if the network does not come up again after a cut
 */
export async function tryProof(
  stage: Stage,
  declaration: Declaration,
  expected: readonly Expected[],
  progress: (line: string) => void = () => {},
  how: "cut" | "hang" = "cut",
): Promise<Trial> {
  const outcomes: Outcome[] = [];
  for (const each of expected) {
    const part = cuttable.includes(each.failure) ? partOf(stage.topology, declaration, each) : undefined;
    if (part === undefined || (how === "hang" && "wire" in part)) continue;
    await stage.seen();
    await stage[how](part);
    const cut = await watch(stage, (down) => sameNumbers(down, each.accounts));
    const found = await waysAfter(stage, declaration, cut.down);
    if (how === "hang") await stage.cut(part);
    await stage.restore(part);
    const after = await stage.settled();
    await sleep(limits.carrier);
    const outcome: Outcome = {
      element: each.name,
      failure: each.failure,
      expected: each.accounts,
      down: cut.down,
      agrees: sameNumbers(cut.down, each.accounts),
      ...found,
      cut: effect(cut.seen, cut.down),
      restored: effect(after, cut.down),
    };
    outcomes.push(outcome);
    progress(`${outcome.agrees ? "as proven" : "OTHERWISE"}: ${each.name}`);
  }
  const tried = new Set(outcomes.map(({ element }) => element));
  const accounts = declaration.addresses
    .map(({ account, host }) => ({ account, host }))
    .sort((one, two) => one.account - two.account);
  return { accounts, outcomes, untried: expected.flatMap(({ name }) => (tried.has(name) ? [] : [name])) };
}

/** From the visitor to each host that has accounts, at an address of an account and at its own of IPv4, and back. */
function journeysOf({ hosts, addresses, frontEnds }: Declaration): Journey[] {
  return hosts.flatMap(({ name }) => {
    const account = addresses.find(({ host }) => host === name);
    if (account === undefined) return [];
    const address4 = frontEnds.find(({ host }) => host === name)?.address4;
    const both = (there: string, back: string): Journey[] => [
      { from: visitor.space, to: name, address: there },
      { from: name, to: visitor.space, address: back },
    ];
    return [
      ...both(account.address, visitor.address),
      ...(address4 === undefined ? [] : both(address4, visitor.address4)),
    ];
  });
}

/** Reads the ways until none is wrong, or the time is over: kernels learn the last routes after accounts answer again. */
async function waysAfter(
  stage: Stage,
  declaration: Declaration,
  down: readonly number[],
): Promise<Pick<Outcome, "ways" | "wrong">> {
  const journeys = journeysOf(declaration);
  // All accounts of a host fare alike: no part of the network is one account's alone.
  const silentHosts = declaration.addresses.flatMap(({ account, host }) => (down.includes(account) ? [host] : []));
  for (const end = performance.now() + limits.settle; ; await sleep(limits.window)) {
    const ways = await stage.ways(journeys);
    const wrong = wrongWays(ways, silentHosts);
    if (wrong.length === 0 || performance.now() > end) return { ways, wrong };
  }
}

/** Looks at the accounts until twice in a row it is as expected, or the time is over. */
async function watch(stage: Stage, isExpected: (down: readonly number[]) => boolean) {
  const seen: Seen[] = [];
  let right = 0;
  for (const end = performance.now() + limits.settle; ; ) {
    await sleep(limits.window);
    const now = await stage.seen();
    seen.push(...now);
    const down = silent(now);
    right = isExpected(down) ? right + 1 : 0;
    if (right === 2 || performance.now() > end) return { down, seen };
  }
}

function effect(seen: readonly Seen[], without: readonly number[]): Effect {
  const up = seen.filter(({ account }) => !without.includes(account));
  return {
    longestGap: Math.max(0, ...up.map(({ longestGap }) => longestGap)),
    lost: up.reduce((sum, { lost }) => sum + lost, 0),
  };
}

function sameNumbers(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((number) => other.includes(number));
}
