import { expect, test } from "vitest";
import { chosen, withNewestBranch } from "./view.ts";

const name = (day: number, hour: number) => `2026-11-${`${day}`.padStart(2, "0")}_${`${hour}`.padStart(2, "0")}-12-40`;

test("backups of each hour leave a month of days in sight: of each day the first, and the newest", () => {
  const month = Array.from({ length: 30 }, (_, day) => name(day + 1, 0));
  const hours = Array.from({ length: 23 }, (_, hour) => name(30, hour + 1));
  expect(chosen([...month, ...hours])).toEqual([...month, name(30, 23)]);
});

test("as long as they are few, all are shown", () => {
  const few = [name(1, 3), name(2, 3), name(2, 11)];
  expect(chosen(few)).toEqual(few);
});

test("of branches the newest is mounted, whose backups are all that is shown of them", () => {
  const whole = ["web1.1.30.689", "web1.1.30.690"];
  expect(withNewestBranch([...whole, "web1.1.30.690.20780", "web1.1.30.690.20781"])).toEqual([
    ...whole,
    "web1.1.30.690.20781",
  ]);
  expect(withNewestBranch(whole)).toEqual(whole);
});
