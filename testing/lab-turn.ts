import { afterAll, beforeAll } from "vitest";
import { takeTurn, turnSeconds } from "../lab/turn.ts";

/**
 * For test files that bring a lab up: call it before all hooks. Their tests, hooks included, run while no other test on this machine uses a lab.
 * @param down takes the lab down at the end, before the next test's turn; not called if this one's never came
 */
export function inTurn(down: () => Promise<void> = async () => {}): void {
  let turn: AsyncDisposable | undefined;
  beforeAll(
    async () => {
      turn = await takeTurn((line) => console.log(line));
    },
    (turnSeconds + 60) * 1000,
  );
  afterAll(async () => {
    if (!turn) return;
    await using _turn = turn;
    await down();
  });
}
