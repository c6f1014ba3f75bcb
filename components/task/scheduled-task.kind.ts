import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { programEntry, programInputs } from "../account/sandbox/own-program.ts";
import { flag, number, text, waivers } from "../inputs.ts";
import { type Change, type Describe, differences, effect } from "../registry/change.ts";
import { behaviour, derivedField, key } from "../registry/fields/field-class.ts";
import { inAccount, type Kind, ofAccount } from "../registry/kind.ts";
import { calendarSchema, defaultDelay, timeZoneSchema } from "./calendar.ts";
import { everySeconds, pauseSeconds, thresholdInputs, thresholdSchema } from "./threshold.ts";

export const inputs = z.strictObject({
  waivers,
  account: key(number).describe("Number of the account it belongs to."),
  name: key(text).describe("Unique among the HTTP servers, services and scheduled tasks of the account."),
  host: derivedField(text).describe("The host of its account."),
  ...programInputs,
  calendar: behaviour(text).exactOptional().describe("When it runs: a calendar expression of systemd."),
  timeZone: behaviour(text).exactOptional().describe("Time zone of the calendar expression."),
  threshold: thresholdInputs.exactOptional().describe("Instead of times: near which limit of its account it runs."),
  limitSeconds: behaviour(number).describe("Seconds after which a run is ended."),
  randomDelaySeconds: behaviour(number)
    .exactOptional()
    .describe("Longest delay after each time, the same for every run; 0: none."),
  persistent: behaviour(flag).exactOptional().describe("Whether a time that the host has missed is made up for."),
});

/** The list in an account's file. */
export const entries = z
  .array(
    z
      .strictObject({
        ...programEntry,
        calendar: calendarSchema
          .exactOptional()
          .describe(
            "When the task runs, at most once a minute: `hourly`, `daily`, `weekly`, `monthly` and the like, or `[WEEKDAYS] [DATE] HOUR:MINUTE`, for example `*:0/15` (every 15 minutes), `03:30`, `Mon..Fri 08:00`, `*-*-1 04:00` (the first of each month), `*-*~1 04:00` (the last). A part of systemd's calendar expressions, systemd.time(7). Either this or `threshold`.",
          ),
        threshold: thresholdSchema
          .exactOptional()
          .describe(
            `Instead of \`calendar\`: the task runs once when the account uses so much of a limit, and again when it has used less meanwhile. Looked at every ${everySeconds} s; two starts are at least ${pauseSeconds / 60} minutes apart.`,
          ),
        timeZone: timeZoneSchema.default("UTC").describe("Time zone of `calendar`, such as Europe/Paris. Default UTC."),
        limitSeconds: z
          .int()
          .min(1)
          .max(604_800)
          .default(3600)
          .describe(
            "Seconds after which a run is ended: SIGTERM, then SIGKILL. Default 3600, an hour; at most a week.",
          ),
        randomDelaySeconds: z
          .int()
          .min(0)
          .max(86_400)
          .exactOptional()
          .describe(
            "Longest delay after each time, so that the tasks of many accounts do not start at once. Each task has its own delay within it, always the same on one host. 0: exactly at its time. Default: 30 for what comes several times an hour, 300 for what comes at one minute of several hours, else 1800.",
          ),
        persistent: z
          .boolean()
          .default(false)
          .describe("`true`: a task whose time came while the host was down runs once after the boot. Default false."),
      })
      .superRefine((task, context) => {
        const message = wrongTrigger(task);
        if (message !== undefined) context.addIssue({ code: "custom", message });
      }),
  )
  .max(50)
  .default([])
  .describe(
    "Scheduled tasks of the account: programs that run at set times, or when the account is near a limit. A time that comes while the last run is still going is skipped.",
  );

/** @returns what is wrong with what starts a task; undefined if nothing is */
function wrongTrigger(task: {
  readonly calendar?: string;
  readonly threshold?: object;
  readonly timeZone: string;
  readonly randomDelaySeconds?: number;
  readonly persistent: boolean;
}): string | undefined {
  if (task.calendar === undefined && task.threshold === undefined)
    return "must be a task with `calendar` (when it runs) or `threshold` (near which limit)";
  if (task.threshold === undefined) return undefined;
  if (task.calendar !== undefined)
    return "must be a task with either `calendar` or `threshold`: write two tasks for both";
  if (task.timeZone !== "UTC" || task.randomDelaySeconds !== undefined || task.persistent)
    return "must be a task without `timeZone`, `randomDelaySeconds` and `persistent`, which belong to `calendar`";
  return undefined;
}

export const kind: Kind<"tasks"> = {
  key: "tasks",
  name: "scheduledTask",
  words: ["scheduled task", "scheduled tasks"],
  description:
    "A program that an account runs at set times, or near a limit. Paths are relative to the account's home.",
  type: "fairhost:task:ScheduledTask",
  identity: ["account", "name"],
  inputs,
  resourceName: ({ account, name }) => `account-${account}-task-${name}`,
  parent: ({ account }) => ["account", String(account)],
  ...ofAccount,
  // Time zones.
  packages: ["tzdata"],
  deletion: "free",
  declare: ({ accounts }) =>
    accounts.flatMap(({ account }) =>
      sortBy(account.tasks, ({ name }) => name).map(
        ({ calendar, timeZone, randomDelaySeconds, persistent, ...task }) => ({
          ...task,
          ...(calendar !== undefined && {
            ...{ calendar, timeZone, persistent },
            randomDelaySeconds: randomDelaySeconds ?? defaultDelay(calendar),
          }),
          account: account.number,
          host: account.host,
        }),
      ),
    ),
  ...inAccount("tasks"),
  wokenBy: "its next time",
  describe: describeTask,
};

function describeTask(change: Change<"tasks">): ReturnType<Describe<"tasks">> {
  const { op, subject } = change;
  const { account, name, calendar, timeZone, threshold } = change.after ?? change.before;
  const when = threshold ? `at ${threshold.percent} % of its ${threshold.of}` : `${calendar}, ${timeZone}`;
  const of = `scheduled task ${name} of account ${account}`;
  if (op === "create") return [effect(subject, `Adds ${of}: ${when}.`, [account])];
  if (op === "delete") return [effect(subject, `Removes ${of}: a run is ended; its files stay.`, [account])];
  return [effect(subject, `Changes ${of}: ${differences(change)}.`, [account])];
}
