import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type TemporaryRepository, temporaryRepository } from "../../testing/projects/temporary-repository.ts";
import { recordings } from "../../testing/upgrade/recordings.ts";
import { type Report, reportSchema } from "../report/json.ts";

const fleet = "inventory/prod";

let repository: TemporaryRepository;
beforeAll(async () => {
  repository = await temporaryRepository();
});
afterAll(() => repository?.[Symbol.asyncDispose]());

/** What no upgrade may find, apart from rules that the release removes (`changedRules`). */
const kept = ({ rule, approval }: Report["findings"][number]) =>
  /^(?:identity|data|rules)-kept$/.test(rule) && approval?.action !== "weaken";

/** The fleet of that release could not name them yet. */
const noControllers = /^The network \w+ names no `controllers`: /;

/** A report as lines, with the names of files that change or only whose they are. */
function said(report: Report, { files: withFiles }: { files: boolean }): string {
  const lines = [
    `verdict: ${report.verdict}`,
    ...report.findings.map(({ level, rule, message }) => `${level} ${rule}: ${message}`),
    "changes:",
    ...report.changes.map(({ op, subject, paths }) =>
      `  ${op} ${subject.kind} ${subject.name} ${paths.join(" ")}`.trimEnd(),
    ),
    "hosts:",
    ...report.hosts.flatMap(({ host, applier, groups }) => [
      `  ${host}: ${applier ? "another applier" : "the same applier"}`,
      ...groups.map(
        ({ group, files }) => `    ${group}${withFiles ? files.map(({ path }) => ` ${path}`).join("") : ""}`,
      ),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

describe.each(recordings)(
  "today's program against the commit of $version",
  ({ commit, day, steps, changedRules, directory }) => {
    const shallow = `the history here has no commit ${commit.slice(0, 12)}; a full clone has`;
    let isThere = false;
    beforeAll(async () => {
      isThere = await repository.fetch(commit);
    });
    afterEach(async () => {
      expect(await repository.leftovers()).toEqual([]);
      await repository.reset();
    });

    /** Reviews the working tree. Whatever it finds: the old program was asked, and no rule is said to be gone that only moved. */
    async function review(...notices: readonly RegExp[]): Promise<Report> {
      const { stdout, stderr } = await repository.guard(["review", "--base", commit, "--json", "-", "--today", day]);
      expect(stderr).toBe("");
      const report = reportSchema.parse(JSON.parse(stdout));
      expect(report.notices.filter((each) => !each.startsWith("This change also touches fleet "))).toEqual([
        expect.stringMatching(/^The program differs from the base's and judges itself here: /),
        ...notices.map((notice) => expect.stringMatching(notice)),
      ]);
      expect(report.findings.filter(({ message }) => /cannot be judged|taken away|undefined/.test(message))).toEqual(
        [],
      );
      const weakened = report.findings.flatMap(({ approval }) =>
        approval?.action === "weaken" && approval.resource.startsWith("rule ") ? approval.resource : [],
      );
      expect([...new Set(weakened)].sort()).toEqual(changedRules.map((rule) => `rule ${rule}`));
      return report;
    }

    const takeSteps = async () => {
      for (const { file, add } of steps) await appendFile(join(repository.directory, fleet, file), `${add}\n`);
    };

    test("a fleet of that release, with the lines its upgrade asks for, keeps all identities", async ({ skip }) => {
      skip(!isThere, shallow);
      await repository.restore(commit, fleet);
      await takeSteps();
      const report = await review(noControllers);
      expect(report.findings.filter(kept)).toEqual([]);
      expect(report.policies.violations).toEqual([]);
      await expect(said(report, { files: true })).toMatchFileSnapshot(join(directory, "fleet-review.golden.txt"));
    });

    if (steps.length > 0) {
      test("without these lines it is blocked, and told them", async ({ skip }) => {
        skip(!isThere, shallow);
        await repository.restore(commit, fleet);
        const report = await review(noControllers);
        expect(report.verdict).toBe("blocked");
        const findings = report.findings
          .filter(kept)
          .map(({ message }) => message)
          .join("\n");
        for (const { file, add } of steps) expect(findings).toContain(`Write \`${add}\` into ${file}`);
      });
    }

    test("the example fleet: what is really another one now, and nothing else", async ({ skip }) => {
      skip(!isThere, shallow);
      await expect(said(await review(), { files: false })).toMatchFileSnapshot(
        join(directory, "example-review.golden.txt"),
      );
    });
  },
);
