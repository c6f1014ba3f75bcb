import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Tree } from "../../testing/fakes/host-tree.ts";
import type { Run } from "../os/machine.ts";
import { forgetOldRuns, jobById, runDetached } from "./job.ts";

const unanswered = { status: 1, stdout: "", stderr: "Failed to get properties: Connection timed out" };
const answered = (stdout: string) => ({ status: 0, stdout, stderr: "" });

/** A job whose unit gives these answers, one a question; after the last one it ends, with a report if there is one. */
function job(tree: Tree, answers: readonly (string | undefined)[], report?: object, start = answered("")) {
  const files = jobById(tree.at("jobs"), "x");
  mkdirSync(tree.at("jobs"));
  const asked: string[] = [];
  const left = [...answers];
  const run: Run = async (program, args) => {
    asked.push([program, ...args].join(" "));
    if (program === "systemd-run") return start;
    const answer = left.shift();
    if (left.length === 0 && report) writeFileSync(files.report, JSON.stringify(report));
    return answer === undefined ? unanswered : answered(answer);
  };
  const machine = tree.machine({ run });
  return { asked, ended: runDetached(machine, files, "{}", ["applier"]) };
}

test("a question that systemd leaves open, as during a long daemon-reload, does not end the apply", async () => {
  using tree = new Tree();
  const { ended } = job(tree, ["active", undefined, undefined, "active"], { result: "applied" });
  expect(await ended).toEqual({ result: "applied" });
});

test("a start that systemd answers too late is followed, since the job runs", async () => {
  using tree = new Tree();
  const { ended } = job(tree, ["activating", "active"], { result: "applied" }, { ...unanswered, status: 1 });
  expect(await ended).toEqual({ result: "applied" });
});

test("a unit that is over without a report is an error", async () => {
  using tree = new Tree();
  await expect(job(tree, ["active", undefined, "inactive"]).ended).rejects.toThrow("ended without a report");
});

test("logs and reports of runs are kept for 30 days, and nothing else is removed", () => {
  using tree = new Tree();
  const machine = tree.machine();
  const { jobs } = machine.layout;
  machine.disk.makeDirectory(jobs);
  const day = 86_400;
  for (const [name, age] of [
    ["a.log", 31],
    ["a.report", 31],
    ["a.delivery", 31],
    ["lock", 31],
    ["b.log", 29],
  ] as const) {
    writeFileSync(`${jobs}/${name}`, "");
    utimesSync(`${jobs}/${name}`, 0, Date.now() / 1000 - age * day);
  }
  forgetOldRuns(machine, Date.now());
  expect(readdirSync(jobs).sort()).toEqual(["a.delivery", "b.log", "lock"]);
});
