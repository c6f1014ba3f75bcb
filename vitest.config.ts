import { defineConfig } from "vitest/config";
import TestOrder from "./toolchain/test-order.ts";

const exclude = [
  "**/node_modules/**",
  "**/.lab/**",
  "**/.state/**",
  "**/dist/**",
  // Tests of the example run where it is put.
  "testing/example-kind/reminder/**",
];
const others = ["**/*.it.test.ts", "**/*.engine.test.ts", "**/*.e2e.test.ts"];

/** A busy machine may take long; nothing waits longer than it has to. */
const patience = { poll: { timeout: 20_000 } };

/**
 * Four kinds of test, told apart by the file's name and run in this order: `*.test.ts` needs nothing but Node; `*.it.test.ts`
 * needs root for namespaces or packages; `*.engine.test.ts` runs the engine against hosts that are directories and needs what
 * those left installed; `*.e2e.test.ts` boots the lab, which a machine has once, so it runs alone. `it` and `engine` run four files at a
 * time on two cores, since one waits for timers and hosts more than half of its time; the first files of `engine` begin while the last of
 * `it` are running.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./toolchain/closing-line.ts"],
    sequence: { sequencer: TestOrder },
    projects: [
      {
        test: {
          name: "unit",
          expect: patience,
          include: ["**/*.test.ts"],
          exclude: [...exclude, ...others],
          // Some start a process of their own, which a busy machine takes seconds for.
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "it",
          expect: patience,
          include: ["**/*.it.test.ts"],
          exclude,
          maxWorkers: 4,
          testTimeout: 240_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "engine",
          expect: patience,
          include: ["**/*.engine.test.ts"],
          exclude,
          maxWorkers: 4,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "e2e",
          expect: patience,
          // The files of the others have one, on a host made anew (toolchain/run-tests.ts).
          retry: 1,
          include: ["**/*.e2e.test.ts"],
          exclude,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 900_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
