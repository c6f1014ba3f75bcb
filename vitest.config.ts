import { defineConfig } from "vitest/config";
import { compileCache } from "./toolchain/paths.ts";
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

/** Of hosts too, but not so often: a look starts five processes or more on a host, and many tests wait at once. */
const unhurried = { poll: { ...patience.poll, interval: 200 } };

/** Files of hosts and engines at a time, on two cores: most wait for timers and hosts most of their time. */
const beside = { maxWorkers: 4, sequence: { groupOrder: 2 } };

/**
 * Four kinds of test, told apart by the file's name: `*.test.ts` needs nothing but Node and runs first; then, in the order of
 * toolchain/test-order.ts, `*.it.test.ts`, which needs root for namespaces or packages, `*.engine.test.ts`, which runs the engine against
 * hosts that are directories; and last and alone `*.e2e.test.ts`, whose emulated hosts keep both cores busy: beside it whatever has a limit of
 * time runs into it.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./toolchain/closing-line.ts"],
    sequence: { sequencer: TestOrder },
    // Five hundred processes load the same libraries, and the commands that they start do too.
    env: { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE || compileCache },
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
          expect: unhurried,
          include: ["**/*.it.test.ts"],
          exclude,
          testTimeout: 240_000,
          hookTimeout: 300_000,
          ...beside,
        },
      },
      {
        test: {
          name: "engine",
          expect: unhurried,
          include: ["**/*.engine.test.ts"],
          exclude,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          ...beside,
        },
      },
      {
        test: {
          name: "e2e",
          expect: unhurried,
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
