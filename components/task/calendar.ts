import { z } from "zod";

/**
 * Times of scheduled tasks: a subset of systemd's calendar expressions (systemd.time(7)), small enough to be checked when the inventory is loaded, with the same
 * meaning. Accepted: a word of {@link words}, or `[WEEKDAYS] [DATE] TIME` with
 *
 * - WEEKDAYS: `Mon`, `Mon..Fri`, `Mon,Wed`;
 * - DATE: `YEAR-MONTH-DAY` or `MONTH-DAY`; `~` instead of the last hyphen counts days from the month's end (`*-*~1` is its last day);
 * - TIME: `HOUR:MINUTE`, or `HOUR:MINUTE:SECOND` with one second.
 *
 * Each number may be `*`, a list (`1,15`), a range (`1..7`), or either with a step (`0/5`). So a task runs at most once a minute.
 */
const words = {
  minutely: "minute",
  hourly: "hour",
  daily: "day",
  weekly: "day",
  monthly: "day",
  quarterly: "day",
  semiannually: "day",
  yearly: "day",
  annually: "day",
} as const;

/** How often it may come: every few minutes, at a minute of several hours, or at most a few times a day. */
type Frequency = (typeof words)[keyof typeof words];

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const examples = "for example `*:0/15`, `03:30`, `Mon..Fri 08:00`, `*-*-1 04:00` or `hourly`";

/** Seconds over which the tasks of many accounts are spread, unless the task says otherwise. */
const spread: Readonly<Record<Frequency, number>> = { minute: 30, hour: 300, day: 1800 };

/**
 * The longest delay after a task's time, if its account asks for none: 30 s for what comes several times an hour, 5 minutes for what comes at one minute of several
 * hours, else 30 minutes. Each task has its own delay, always the same on one host.
 */
export function defaultDelay(calendar: string): number {
  const word = words[calendar as keyof typeof words];
  if (word !== undefined) return spread[word];
  const [hour = "", minute = ""] = calendar.slice(calendar.lastIndexOf(" ") + 1).split(":");
  return spread[/\D/.test(minute) ? "minute" : /\D/.test(hour) ? "hour" : "day"];
}

/** A calendar expression of an account's file. */
export const calendarSchema = z
  .string()
  .max(200)
  .superRefine((text, context) => {
    const wrong = wrongWith(text);
    if (wrong !== undefined) context.addIssue({ code: "custom", message: `must be a calendar expression: ${wrong}` });
  })
  .meta({ title: "a calendar expression" });

/** @returns what is wrong with a calendar expression, in half a sentence; undefined if nothing is */
export function wrongWith(text: string): string | undefined {
  if (Object.hasOwn(words, text)) return undefined;
  const parts = text.split(" ");
  if (parts.length === 5 && !text.includes(":")) return `this looks like a line of cron; write ${examples}`;
  const time = parts.pop()!;
  if (!time.includes(":")) return `it has no time HOUR:MINUTE at its end; write ${examples}`;
  const days = parts[0] !== undefined && /^[A-Za-z]/.test(parts[0]) ? parts.shift() : undefined;
  const date = parts.shift();
  if (parts.length > 0)
    return `${JSON.stringify(parts[0])} is too much; write ${examples}, and the time zone into \`timeZone\``;
  return (
    (days === undefined ? undefined : wrongDays(days)) ??
    (date === undefined ? undefined : wrongDate(date)) ??
    wrongTime(time)
  );
}

function wrongDays(text: string): string | undefined {
  for (const item of text.split(",")) {
    const ends = item.split("..");
    const [first, last = first] = ends.map((day) => weekdays.indexOf(day));
    if (ends.length > 2 || first === -1 || last === -1)
      return `${JSON.stringify(item)} is not a weekday such as Mon, or a range such as Mon..Fri`;
    if (last! < first!) return `the range ${item} ends before it begins; a week begins on Mon`;
  }
  return undefined;
}

function wrongDate(text: string): string | undefined {
  const [, year = "*", month, , day] = /^(?:([^-~]+)-)?([^-~]+)([-~])([^-~]+)$/.exec(text) ?? [];
  if (month === undefined || day === undefined)
    return `${JSON.stringify(text)} is not a date such as 12-24, *-*-1 or *-*~1`;
  const wrong =
    wrongNumber("year", year, 2000, 2199) ?? wrongNumber("month", month, 1, 12) ?? wrongNumber("day", day, 1, 31);
  if (wrong !== undefined) return wrong;
  const longest = Math.max(...valuesOf(month, 1, 12).map((each) => new Date(2000, each, 0).getDate()));
  return Math.min(...valuesOf(day, 1, 31)) > longest ? `the day ${text} never comes` : undefined;
}

function wrongTime(text: string): string | undefined {
  const [hour = "", minute = "", second = "0", ...more] = text.split(":");
  if (more.length > 0) return `${JSON.stringify(text)} is not a time such as 03:30`;
  if (!/^\d+$/.test(second)) return `a task runs at most once a minute: write one second instead of ${second}, or none`;
  return (
    wrongNumber("hour", hour, 0, 23) ?? wrongNumber("minute", minute, 0, 59) ?? wrongNumber("second", second, 0, 59)
  );
}

/** A number, a range, either with a step. `*` has no step in systemd. */
const item = /^(\d{1,4})(?:\.\.(\d{1,4}))?(?:\/(\d{1,2}))?$/;

function wrongNumber(name: string, text: string, least: number, most: number): string | undefined {
  if (text === "*") return undefined;
  for (const each of text.split(",")) {
    const [, first, last = first, step] = item.exec(each) ?? [];
    if (first === undefined || last === undefined) {
      const hint = each.startsWith("*/") ? `; write ${least}${each.slice(1)}` : "";
      return `${JSON.stringify(each)} is no value of the ${name}: write * or numbers such as 5, 1..5, 1,5 or ${least}/5${hint}`;
    }
    if ([first, last].some((number) => Number(number) < least || Number(number) > most))
      return `the ${name} ${each} is not from ${least} to ${most}`;
    if (Number(last) < Number(first)) return `the range ${each} of the ${name} ends before it begins`;
    if (step !== undefined && Number(step) === 0) return `the step of the ${name} ${each} is zero`;
  }
  return undefined;
}

/** Values that a sound component takes. */
function valuesOf(text: string, least: number, most: number): number[] {
  return text.split(",").flatMap((each) => {
    const [, first = `${least}`, last, step = "1"] = item.exec(each) ?? [undefined, undefined, `${most}`];
    const end = last !== undefined ? Number(last) : /\//.test(each) ? most : Number(first);
    const values: number[] = [];
    for (let value = Number(first); value <= end; value += Number(step)) values.push(value);
    return values;
  });
}

/** A time zone of the tz database, as Debian's tzdata has it: `Europe/Paris`, `UTC`. */
export const timeZoneSchema = z
  .string()
  .max(64)
  .refine((zone) => zone === "UTC" || (/^[A-Z][A-Za-z_]+(?:\/[A-Z][A-Za-z_+-]*)+$/.test(zone) && isZone(zone)), {
    error: "must be a time zone such as Europe/Paris or UTC",
  })
  .meta({ title: "a time zone" });

function isZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return true;
  } catch {
    return false;
  }
}
