import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**", "**/.lab/**", "**/.state/**", "**/dist/**"];

/** Runs of the engine against hosts that are directories: two at a time, since one waits for itself a third of its time. */
const engine = [
  "ci/workflows.it.test.ts",
  "guard/deploy/*.it.test.ts",
  "guard/*.it.test.ts",
  "policies/**/*.it.test.ts",
  "stacks/*.it.test.ts",
];

/**
 * Four kinds of test, run in this order: `unit` needs nothing but Node; `it` needs root for namespaces or packages; `engine`
 * needs what those left installed; `e2e` boots the lab. `it` and `e2e` share one machine's names and memory, so they run file
 * by file.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./toolchain/closing-line.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...exclude, "**/*.it.test.ts", "**/*.e2e.test.ts"],
          // Some start a process of their own, which a busy machine takes seconds for.
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "it",
          include: ["**/*.it.test.ts"],
          exclude: [...exclude, ...engine],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "engine",
          include: engine,
          exclude,
          maxWorkers: 2,
          testTimeout: 240_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["**/*.e2e.test.ts"],
          exclude,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 900_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
