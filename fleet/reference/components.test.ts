import { expect, test } from "vitest";
import { componentsReference } from "./components.ts";

const lines = componentsReference().split("\n");

test("an input is always set or optional: nobody is told to write it, least of all a limit that has a default", () => {
  expect(lines).toContain(
    "| `cpuWeight` | number | always |  | CPU weight of an account (systemd's CPUWeight=), 1 to 10000. Default 100: an equal share. |",
  );
  expect(lines).toContain(
    "| `within` | string | optional |  | The owned range it is part of; an owned one has none. |",
  );
  expect(lines.filter((line) => line.includes("| required |"))).toEqual([]);
});
