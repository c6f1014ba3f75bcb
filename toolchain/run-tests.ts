/**
 * Runs all tests, then once more those files of hosts and engines in which a test failed: each on a host of its own, made anew. What passed only then is
 * named before the closing line, which counts a test once. `npm test` calls it after the checks.
 */
import { createVitest, type TestModule } from "vitest/node";
import { closingLine } from "./closing-line.ts";

/** A fault that shows in more files than these is no busy machine's. */
const most = 6;
/** Projects whose files make their own host or engine. The lab takes too long for a second one: its tests have a second try each. */
const again = ["it", "engine"];

const vitest = await createVitest({ run: true, watch: false, reporters: ["default"] });
const failed = (modules: readonly TestModule[]) => modules.filter((module) => !module.ok());
const unsteady: string[] = [];
try {
  // The second run forgets them.
  let { unhandledErrors } = await vitest.start();
  const first = failed(vitest.state.getTestModules());
  const rerun = first.filter(({ project }) => again.includes(project.name));
  if (rerun.length > 0 && first.length <= most) {
    const names = rerun.map(({ relativeModuleId }) => relativeModuleId);
    console.log(`\nOnce more, because a test failed: ${names.join(", ")}\n`);
    const second = await vitest.runTestSpecifications(rerun.map((module) => module.toTestSpecification()));
    unhandledErrors = [...unhandledErrors, ...second.unhandledErrors];
    const still = failed(vitest.state.getTestModules()).map(({ relativeModuleId }) => relativeModuleId);
    unsteady.push(...names.filter((name) => !still.includes(name)));
  }
  const modules = vitest.state.getTestModules();
  process.exitCode = failed(modules).length + unhandledErrors.length > 0 || modules.length === 0 ? 1 : 0;
  console.log(closingLine(modules, unhandledErrors, unsteady));
} finally {
  await vitest.exit();
}
