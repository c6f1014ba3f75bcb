import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { inProgress, readOutput } from "./progress.ts";

/** As restic 0.18 writes it: what is 0 is left out. */
const status =
  '{"message_type":"status","seconds_elapsed":20,"percent_done":0.5,"total_files":12,"files_restored":3,"total_bytes":209715200,"bytes_restored":104857600}';

test("a restore says how much of it has come, and how long that took", () => {
  expect(inProgress(status)).toBe("100 of 200 MiB, 3 of 12 files, after 20 s");
  expect(inProgress('{"message_type":"status","percent_done":0}')).toBe("0 of 0 MiB, 0 of 0 files, after 0 s");
  expect(inProgress('{"message_type":"summary","files_restored":12}')).toBeUndefined();
});

test("what is said meanwhile is told at once and not kept; all else is", async () => {
  const told: string[] = [];
  const parts = [
    "first\n",
    status.slice(0, 30),
    `${status.slice(30)}\n${status}\n`,
    '{"message_type":"sum',
    'mary"}\n',
  ];
  expect(await readOutput(Readable.from(parts), (line) => told.push(line))).toBe('first\n{"message_type":"summary"}\n');
  expect(told).toEqual(Array(2).fill("100 of 200 MiB, 3 of 12 files, after 20 s"));
});
