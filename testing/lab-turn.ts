import { afterAll, beforeAll } from "vitest";
import { takeTurn, turnSeconds } from "../lab/turn.ts";

/** For test files that bring a lab up: call it first. Their tests, hooks included, run while no other test on this machine uses a lab. */
export function inTurn(): void {
  let turn: AsyncDisposable | undefined;
  beforeAll(
    async () => {
      turn = await takeTurn((line) => console.log(line));
    },
    (turnSeconds + 60) * 1000,
  );
  afterAll(() => turn?.[Symbol.asyncDispose]());
}
