import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Short files whose tests take minutes. A checkout that has run no tests yet would begin with the largest files (afterwards Vitest knows how long
 * each takes), and one of these would be left alone at the end.
 */
export const long = [
  "components/database/disk-limit.it.test.ts",
  "components/backup/lost-host.it.test.ts",
  "components/account/full-accounts.it.test.ts",
  "guard/deploy/kills.engine.test.ts",
];

/** Projects of one group come as they stand in the configuration, not by name. */
export default class TestOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = this.ctx.projects.map(({ name }) => name);
    const isLong = ({ moduleId }: TestSpecification) => long.includes(relative(this.ctx.config.root, moduleId));
    return (await super.sort(files)).toSorted(
      (left, right) =>
        projects.indexOf(left.project.name) - projects.indexOf(right.project.name) ||
        Number(isLong(right)) - Number(isLong(left)),
    );
  }
}
