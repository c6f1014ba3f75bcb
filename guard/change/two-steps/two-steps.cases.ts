import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type TemporaryRepository, temporaryRepository } from "../../../testing/projects/temporary-repository.ts";
import { type Report, reportSchema } from "../../report/json.ts";

/** The repository in which the tests of a file make their pull requests; each finds it as it was. */
export let repository: TemporaryRepository;
/** The commit at which each test begins. */
export let start = "";

/** For files of tests: makes {@link repository}, and puts it back after each test. */
export function makeRepository(): void {
  beforeAll(async () => {
    repository = await temporaryRepository();
    start = await repository.git("rev-parse", "HEAD");
  });
  afterEach(async () => {
    expect(await repository.leftovers()).toEqual([]);
    await repository.git("checkout", "--quiet", "-B", "main", start);
    await repository.reset();
  });
  afterAll(() => repository?.[Symbol.asyncDispose]());
}

export type Edits = Parameters<TemporaryRepository["edit"]>[0];
export const today = new Date(Date.now()).toISOString().slice(0, 10);
export const later = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);

/** The first step, merged by somebody else; something unrelated; then the second step, committed on a branch. A report for each cell. */
export async function stepsIn(
  cells: readonly (string | undefined)[],
  first: Edits,
  second: () => Promise<void>,
  by: readonly [first: string, second: string],
): Promise<Report[]> {
  await repository.git("checkout", "--quiet", "-b", "first");
  await repository.edit(first);
  await repository.commit(by[0]);
  await repository.git("checkout", "--quiet", "main");
  await repository.git("merge", "--quiet", "--no-ff", "--message", "Merge first", "first");
  await repository.edit({ "inventory/prod/plans/large.yaml": [["cores: 0.5", "cores: 0.4"]] });
  await repository.commit("Bystander");
  await repository.git("checkout", "--quiet", "-b", "second");
  await repository.git("branch", "--quiet", "-D", "first");
  await second();
  await repository.commit(by[1]);
  const reports: Report[] = [];
  for (const cell of cells) {
    const of = cell === undefined ? [] : ["--cell", cell];
    const { stdout, stderr } = await repository.guard([
      "review",
      "--base",
      "main",
      ...of,
      "--json",
      "-",
      "--today",
      today,
    ]);
    expect(stderr).toBe("");
    reports.push(reportSchema.parse(JSON.parse(stdout)));
  }
  await repository.git("checkout", "--quiet", "--detach");
  await repository.git("branch", "--quiet", "-D", "second");
  return reports;
}

export const steps = async (...asked: Parameters<typeof stepsIn> extends [unknown, ...infer Rest] ? Rest : never) =>
  (await stepsIn([undefined], ...asked))[0]!;

export const messages = ({ findings }: Report) =>
  findings.map(({ level, rule, message }) => `${level} ${rule}: ${message}`);
export const prod = (file: string) => `inventory/prod/${file}`;
export const add = async (file: string, text: string) => {
  const path = join(repository.directory, prod(file));
  await writeFile(path, `${await readFile(path, "utf8").catch(() => "")}${text}`);
};
export const bury = async () => {
  await repository.edit({ [prod("accounts/1001-bakery.yaml")]: undefined });
  await add("tombstones.yaml", `- {number: 1001, name: bakery, deleted: ${today}}\n`);
};

export const bakery = prod("accounts/1001-bakery.yaml");
export const moved = (from: string, to: string): Edits => ({ [bakery]: [[`host: ${from}`, `host: ${to}`]] });
