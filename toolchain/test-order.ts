import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Short tests that use a lab, of which one is up at a time: before the end-to-end tests, which would keep them waiting for long. */
export const labs = ["lab/claim.it.test.ts", "lab/lab.it.test.ts"];

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

/** Labs, long files of `it`, the end-to-end tests, which take longest, and then project by project as they stand in the configuration, long files first. */
export default class TestOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = this.ctx.projects.map(({ name }) => name);
    const rank = ({ moduleId, project: { name } }: TestSpecification) => {
      const file = relative(this.ctx.config.root, moduleId);
      if (labs.includes(file)) return -3;
      if (name === "e2e") return -1;
      if (!long.includes(file)) return projects.indexOf(name);
      return name === "it" ? -2 : projects.indexOf(name) - 0.5;
    };
    return (await super.sort(files)).toSorted((left, right) => rank(left) - rank(right));
  }
}
