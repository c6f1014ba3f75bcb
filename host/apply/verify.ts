import { setTimeout as sleep } from "node:timers/promises";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { givenUp, listensAgain, reasonFor, statesAgain } from "../os/systemd.ts";
import { type UnitStates, unitsOf } from "./hooks/choose.ts";
import type { Problem } from "./validate/problem.ts";

/** Milliseconds that units may take to become active. */
const patience = 15_000;

/**
 * Checks that every unit that must run does. A service of an account is its owner's program: if it does not run, that is reported, but
 * does not fail the deploy. Neither does a socket that the program has ended.
 * @param before states before the hooks ran
 * @param touched units that the hooks have stopped or started
 */
export async function verify(
  machine: Machine,
  bundle: Bundle,
  before: UnitStates,
  touched: ReadonlySet<string>,
): Promise<readonly Problem[]> {
  if (!machine.live) return [];
  const wanted = [...unitsOf(bundle).values()].filter(({ want }) => want === "start");
  let states: UnitStates = new Map();
  let waiting = wanted;
  for (const end = performance.now() + patience; performance.now() < end; await sleep(200)) {
    states = await statesAgain(machine, before, touched);
    waiting = waiting.filter(({ name }) => states.get(name) !== "active" && states.get(name) !== givenUp);
    if (!waiting.some(({ name }) => ["activating", "reloading", "deactivating"].includes(states.get(name) ?? "")))
      break;
  }
  const problems: Problem[] = [];
  for (const { name, group } of waiting) {
    const message = `${name} is ${states.get(name) ?? "not loaded"}: ${await reasonFor(machine, name)}`;
    if (group !== "host" && (name.endsWith(".service") || (await listensAgain(machine, name))))
      machine.say(`${group}: ${message}`);
    else problems.push({ group, path: name, message });
  }
  return problems;
}
