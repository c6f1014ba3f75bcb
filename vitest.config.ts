import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**", "**/.lab/**", "**/.state/**", "**/dist/**"];

/**
 * Three kinds of test, run in this order: `unit` needs nothing but Node; `it` needs the engine or root for namespaces;
 * `e2e` boots the lab. The last two share one machine's names and memory, so they run file by file.
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
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "it",
          include: ["**/*.it.test.ts"],
          exclude,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
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
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
