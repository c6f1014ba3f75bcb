import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { programEntry, programInputs } from "../account/sandbox/own-program.ts";
import { flag, number, text, waivers } from "../inputs.ts";
import { type Change, type Describe, differences, effect } from "../registry/change.ts";
import { behaviour, derivedField, key } from "../registry/fields/field-class.ts";
import { inAccount, type Kind, ofAccount } from "../registry/kind.ts";
import { calendarSchema, defaultDelay, timeZoneSchema } from "./calendar.ts";

export const inputs = z.strictObject({
  waivers,
  account: key(number).describe("Number of the account it belongs to."),
  name: key(text).describe("Unique among the HTTP servers, services and scheduled tasks of the account."),
  host: derivedField(text).describe("The host of its account."),
  ...programInputs,
  calendar: behaviour(text).describe("When it runs: a calendar expression of systemd."),
  timeZone: behaviour(text).describe("Time zone of the calendar expression."),
  limitSeconds: behaviour(number).describe("Seconds after which a run is ended."),
  randomDelaySeconds: behaviour(number).describe("Longest delay after each time, the same for every run; 0: none."),
  persistent: behaviour(flag).describe("Whether a time that the host has missed is made up for."),
});

/** The list in an account's file. */
export const entries = z
  .array(
    z.strictObject({
      ...programEntry,
      calendar: calendarSchema.describe(
        "When the task runs, at most once a minute: `hourly`, `daily`, `weekly`, `monthly` and the like, or `[WEEKDAYS] [DATE] HOUR:MINUTE`, for example `*:0/15` (every 15 minutes), `03:30`, `Mon..Fri 08:00`, `*-*-1 04:00` (the first of each month), `*-*~1 04:00` (the last). A part of systemd's calendar expressions, systemd.time(7).",
      ),
      timeZone: timeZoneSchema.default("UTC").describe("Time zone of `calendar`, such as Europe/Paris. Default UTC."),
      limitSeconds: z
        .int()
        .min(1)
        .max(604_800)
        .default(3600)
        .describe("Seconds after which a run is ended: SIGTERM, then SIGKILL. Default 3600, an hour; at most a week."),
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
    }),
  )
  .max(50)
  .default([])
  .describe(
    "Scheduled tasks of the account: programs that run at set times. A time that comes while the last run is still going is skipped.",
  );

export const kind: Kind<"tasks"> = {
  key: "tasks",
  name: "scheduledTask",
  words: ["scheduled task", "scheduled tasks"],
  description: "A program that an account runs at set times. Paths are relative to the account's home.",
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
      sortBy(account.tasks, ({ name }) => name).map(({ randomDelaySeconds, ...task }) => ({
        ...task,
        randomDelaySeconds: randomDelaySeconds ?? defaultDelay(task.calendar),
        account: account.number,
        host: account.host,
      })),
    ),
  ...inAccount("tasks"),
  wokenBy: "its next time",
  describe: describeTask,
};

function describeTask(change: Change<"tasks">): ReturnType<Describe<"tasks">> {
  const { op, subject } = change;
  const { account, name, calendar, timeZone } = change.after ?? change.before;
  const of = `scheduled task ${name} of account ${account}`;
  if (op === "create") return [effect(subject, `Adds ${of}: ${calendar}, ${timeZone}.`, [account])];
  if (op === "delete") return [effect(subject, `Removes ${of}: a run is ended; its files stay.`, [account])];
  return [effect(subject, `Changes ${of}: ${differences(change)}.`, [account])];
}
