import type { Reporter, TestModule } from "vitest/node";

/**
 * Counts tests in one line; a file that could not be run counts as failed, and so does an error that no test has caught. Before it, what passed
 * only at the second try.
 * @param errors such errors @param unsteady files that passed so as a whole
 */
export function closingLine(
  modules: readonly TestModule[],
  errors: readonly unknown[],
  unsteady: readonly string[] = [],
): string {
  const counts = { passed: 0, failed: errors.length, skipped: 0 };
  const second = [...unsteady];
  for (const module of modules) {
    if (module.errors().length > 0) counts.failed += 1;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === "pending" ? "failed" : state] += 1;
      if (test.diagnostic()?.flaky) second.push(`${module.relativeModuleId}: ${test.fullName}`);
    }
  }
  const named = second.length > 0 ? `\nPassed only at the second try:\n  ${second.join("\n  ")}\n` : "";
  return `${named}\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

/** For runs of a part of the tests. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    console.log(closingLine(modules, errors));
  }
}
