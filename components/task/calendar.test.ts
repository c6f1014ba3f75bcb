import { expect, test } from "vitest";
import { accepted } from "./calendar.cases.ts";
import { defaultDelay, timeZoneSchema, wrongWith } from "./calendar.ts";

test.each(accepted)("%s is accepted", (text) => expect(wrongWith(text)).toBeUndefined());

test.each([
  ["0 3 * * *", "this looks like a line of cron"],
  ["often", "it has no time HOUR:MINUTE at its end"],
  ["Mon", "it has no time HOUR:MINUTE at its end"],
  ["24:00", "the hour 24 is not from 0 to 23"],
  ["12:60", "the minute 60 is not from 0 to 59"],
  ["*/2:00", '"*/2" is no value of the hour: write * or numbers such as 5, 1..5, 1,5 or 0/5; write 0/2'],
  ["*:*:*", "a task runs at most once a minute"],
  ["*:*:0/2", "a task runs at most once a minute"],
  ["10:00:60", "the second 60 is not from 0 to 59"],
  ["mon 10:00", '"mon" is not a weekday such as Mon'],
  ["Fri..Mon 10:00", "the range Fri..Mon ends before it begins"],
  ["*-02-30 10:00", "the day *-02-30 never comes"],
  ["04,06-31 10:00", "the day 04,06-31 never comes"],
  ["*-13-1 10:00", "the month 13 is not from 1 to 12"],
  ["*-*-0 10:00", "the day 0 is not from 1 to 31"],
  ["5..1:00", "the range 5..1 of the hour ends before it begins"],
  ["*:0/0", "the step of the minute 0/0 is zero"],
  ["10:00 Europe/Paris", "it has no time HOUR:MINUTE at its end"],
  ["Mon *-*-1 x 10:00", '"x" is too much'],
  ["10:00:00:00", '"10:00:00:00" is not a time'],
  ["10:00\nUnit=x", "is no value of the minute"],
  ["", "it has no time"],
])("%j is refused", (text, why) => expect(wrongWith(text)).toContain(why));

test.each([
  ["minutely", 30],
  ["*:0/5", 30],
  ["*:0,30", 30],
  ["hourly", 300],
  ["0/2:15", 300],
  ["daily", 1800],
  ["Mon..Fri 08:00", 1800],
  ["*-*-1 04:00:30", 1800],
])("%s is spread over %i s, unless the task says otherwise", (calendar, seconds) =>
  expect(defaultDelay(calendar)).toBe(seconds),
);

test.each([
  ["Europe/Paris", true],
  ["UTC", true],
  ["America/Argentina/Buenos_Aires", true],
  ["Europe/Atlantis", false],
  ["europe/paris", false],
  ["+02:00", false],
  ["Europe/Paris\nUnit=x", false],
])("time zone %j: %s", (zone, sound) => expect(timeZoneSchema.safeParse(zone).success).toBe(sound));
