import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { renderEnded } from "./render-ended.ts";

const root = mkdtempSync(join(tmpdir(), "fairhost-ended-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Runs the script for the unit, with the logs of all accounts below a directory of the test. */
async function sayEnded(directory: string, unit: string, environment: Record<string, string>): Promise<void> {
  const script = renderEnded().files.find(({ path }) => path === "libexec/say-ended")!.content!;
  const here = script.replace("/srv/accounts/", `${directory}/`);
  expect(here).not.toBe(script);
  await promisify(execFile)("/bin/sh", ["-c", here, "say-ended", unit], {
    env: { PATH: "/usr/bin:/bin", ...environment },
  });
}

const files = Object.values(renderBundle(declarationFixture({ hosts: 1, accounts: 1 }), "h1").groups).flatMap(
  (group) => group!.files,
);
const units = files.flatMap(({ path, content = "" }) => {
  const [, unit, number] = /^systemd\/(account-(\d+)-[^/]+)\.service$/.exec(path) ?? [];
  if (!unit || !number) return [];
  const log = /^Standard(?:Output|Error)=append:\/srv\/accounts\/\d+\/(admin\/logs\/.+)$/m.exec(content)?.[1];
  return [{ unit, number, log }];
});

test("every unit in a sandbox has the line in its own log", async () => {
  expect(units.length).toBeGreaterThan(10);
  const found = await Promise.all(
    units.map(async ({ unit, number }) => {
      const directory = join(root, unit);
      const logs = join(directory, number, "admin/logs");
      mkdirSync(logs, { recursive: true });
      await sayEnded(directory, unit.replace(/@$/, "@3-1-0"), {
        MONITOR_SERVICE_RESULT: "signal",
        MONITOR_EXIT_STATUS: "ABRT",
      });
      const line = readFileSync(join(logs, readdirSync(logs)[0]!), "utf8");
      return { unit, number, log: `admin/logs/${readdirSync(logs).join()}`, line: line.replace(/^\S+ /, "") };
    }),
  );
  expect(found).toEqual(units.map((each) => ({ ...each, line: "fairhost: killed by SIGABRT\n" })));
});

test.concurrent.each([
  ["oom-kill", "killed, because the account had used all its memory", 5],
  ["timeout", "killed, because it had not ended 10 s after it was asked to", 1],
  ["exit-code", undefined, 1, "1"],
  // EXIT_NAMESPACE: a directory that is bound is not there.
  [
    "exit-code",
    "ended with status 226: if no program of the account ends so, its sandbox could not be made: tell the administrator",
    1,
    "226",
  ],
] as const)("%s: %s, and no start for %i s", async (result, words, pause, status: string = "") => {
  const directory = join(root, `${result}${status}`);
  const logs = join(directory, "7/admin/logs");
  mkdirSync(logs, { recursive: true });
  const begun = performance.now();
  await sayEnded(directory, "account-7-http-shop", { MONITOR_SERVICE_RESULT: result, MONITOR_EXIT_STATUS: status });
  expect(performance.now() - begun).toBeGreaterThan(pause * 1000);
  const said = readdirSync(logs).map((name) => readFileSync(join(logs, name), "utf8").replace(/^\S+ /, ""));
  expect(said).toEqual(words === undefined ? [] : [`fairhost: ${words}\n`]);
});
