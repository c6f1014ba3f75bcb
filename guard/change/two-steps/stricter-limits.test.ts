import { expect, test } from "vitest";
import { defaultLimits, type Limits } from "../../../components/review/limits.file.ts";
import { stricterLimits } from "./stricter-limits.ts";

const loose: Limits = { ...defaultLimits, deployment: "in-waves", hosts: 9, secondPerson: false, deletions: 90 };
const strict: Limits = { ...defaultLimits, deployment: "at-once", hosts: 1, secondPerson: true, deletions: 0 };

test("the stricter of two limits is the same whichever comes first, in every field", () => {
  expect(stricterLimits(loose, strict)).toEqual(strict);
  expect(stricterLimits(strict, loose)).toEqual(strict);
});

test("each field comes from the limits that allow less of it", () => {
  const [some, others] = [
    { ...loose, deletions: 0 },
    { ...strict, deletions: 90, hosts: 10 },
  ];
  expect(stricterLimits(some, others)).toEqual({ ...strict, hosts: 9 });
  expect(stricterLimits(others, some)).toEqual({ ...strict, hosts: 9 });
});
