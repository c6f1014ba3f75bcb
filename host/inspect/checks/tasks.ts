import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import type { Difference } from "../../../delivery/protocol/inspection.ts";
import { unitsOf } from "../../apply/hooks/choose.ts";
import type { Machine } from "../../os/machine.ts";

/** A scheduled task of an account whose last run failed. */
export interface FailingTask {
  /** Unit name without suffix: `account-1204-task-tidy`. */
  readonly task: string;
  /** Failed runs in a row. */
  readonly failures: number;
  /** systemd's word for the last one: `exit-code`, `timeout`, `oom-kill`. */
  readonly result: string;
  /** Exit status or signal; `-` if there is none. */
  readonly status: string;
  /** When, ISO 8601. */
  readonly at: string;
}

/** Where libexec/count-failures (components/task) keeps its counters. */
const directory = "/var/lib/fairhost-tasks";

/** Scheduled tasks of this bundle whose last run failed, by name. */
export function failingTasks({ layout }: Machine, bundle: Bundle): FailingTask[] {
  const path = layout.at(directory);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((task) => unitsOf(bundle).has(`${task}.service`))
    .sort()
    .map((task) => {
      const [count = "0", result = "", status = "", at = ""] = readFileSync(`${path}/${task}`, "utf8")
        .trim()
        .split(" ");
      return { task, failures: Number(count), result, status, at };
    });
}

/** Notes about failing tasks: no drift, since nothing but the task itself is wrong. */
export function lookAtTasks(machine: Machine, bundle: Bundle): Difference[] {
  return failingTasks(machine, bundle).map(({ task, failures, result, status, at }) => {
    const log = task.replace(/^account-\d+-/, "");
    return {
      group: unitsOf(bundle).get(`${task}.service`)!.group,
      kind: "task-failing",
      what: task,
      message: `${task} has failed ${failures} times in a row, the last at ${at} (${result} ${status}); its log is admin/logs/${log}.log`,
      repaired: "by hand: its account has to fix it; the next run that succeeds ends this note",
      note: true,
    };
  });
}
