import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take minutes of `npm test` on two cores, in the order in which they begin: a checkout that has run no tests yet would begin with
 * the largest files, and one of these would be left alone at the end.
 */
export const long = [
  "lab/lab.it.test.ts",
  "components/network/router-systems/router-delivered.it.test.ts",
  "stacks/cells-and-routers.engine.test.ts",
  "components/network/router-systems/router-firewall.it.test.ts",
  "stacks/program.engine.test.ts",
  "components/backup/lost-host.it.test.ts",
  "guard/deploy/deploy.engine.test.ts",
  "lab/trial/trial.it.test.ts",
  "testing/official/official.engine.test.ts",
  "host/os/network/firewall.it.test.ts",
  "host/os/network/links.it.test.ts",
  "guard/change/from-inventories.engine.test.ts",
  "components/network/router-systems/router-attacks.it.test.ts",
  "guard/change/judged.engine.test.ts",
  "components/network/router-systems/router-neighbors.it.test.ts",
  "components/network/reachable-ports.it.test.ts",
  "examples/ci/workflows.engine.test.ts",
  "components/database/postgresql-shared.it.test.ts",
  "guard/deploy/kills.engine.test.ts",
  "components/http/front-end/places.it.test.ts",
  "components/account/full-accounts.it.test.ts",
  "testing/example-kind/example-kind.it.test.ts",
  "components/database/disk-limit.it.test.ts",
  "host/apply/relays.it.test.ts",
  "guard/change/two-steps/beside.engine.test.ts",
  "components/backup/standby.it.test.ts",
  "host/os/quota.it.test.ts",
  "components/http/front-end/misbehaving.it.test.ts",
  "components/task/thresholds.it.test.ts",
  "components/account/fairness.it.test.ts",
  "components/backup/away.it.test.ts",
];

/** Of a file: its path in the checkout, and its project. */
interface Placed {
  readonly path: string;
  readonly project: string;
}

/**
 * Of files that run in one group: the {@link long} ones first, then those of all projects mixed, each project's in the order given: files of hosts wait most of
 * their time, files of the engine do not, and so neither are among themselves.
 */
export function inOrder<File extends Placed>(files: readonly File[]): File[] {
  const share = new Map<File, number>();
  for (const own of Map.groupBy(files, ({ project }) => project).values())
    for (const [at, file] of own.entries()) share.set(file, at / own.length);
  const place = ({ path }: File) => (long.includes(path) ? long.indexOf(path) : long.length);
  return files.toSorted((left, right) => place(left) - place(right) || share.get(left)! - share.get(right)!);
}

export default class TestOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placed = (await super.sort(files)).map((file) => ({
      ...{ file, path: relative(this.ctx.config.root, file.moduleId), project: file.project.name },
      group: file.project.config.sequence.groupOrder,
    }));
    const groups = Map.groupBy(placed, ({ group }) => group);
    const inGroups = [...groups].sort(([left], [right]) => left - right);
    return inGroups.flatMap(([, group]) => inOrder(group).map(({ file }) => file));
  }
}
