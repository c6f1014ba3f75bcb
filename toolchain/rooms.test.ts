import { basename, dirname } from "node:path";
import { expect, test } from "vitest";
import { checkoutTree } from "../testing/references.ts";
import { checkout } from "./paths.ts";

/** A reader finds a file among about fifteen others; tests lie beside what they test. */
const most = 18;
/** A module is read on a few screens; tables of cases are only looked into. */
const mostLines = 350;
/** Numbered records with an index, and files as hosts have them. */
const lists = /^docs\/decisions$|\/golden\/|^inventory\/|^testing\/upgrade\/|^\.$/;

const loose = (files: Iterable<string>) =>
  Object.entries(
    Object.groupBy(
      [...files].filter((file) => !/\.test\.ts$/.test(file) && basename(file) !== "README.md"),
      dirname,
    ),
  )
    .filter(([folder, inside]) => !lists.test(folder) && inside!.length > most)
    .map(([folder, inside]) => `${folder} has ${inside!.length} files: put some into rooms`);

test("no folder is a heap of files", () => {
  expect(loose(checkoutTree(checkout).files)).toEqual([]);
});

test("a heap is found", () => {
  const heap = Array.from({ length: most + 1 }, (_, index) => `lib/room/${index}.ts`);
  expect(loose([...heap, "lib/a.ts", "lib/a.test.ts"])).toEqual(["lib/room has 19 files: put some into rooms"]);
  expect(loose(heap.slice(1))).toEqual([]);
});

test("no module is much longer than 300 lines", () => {
  const { files, read } = checkoutTree(checkout);
  const long = [...files]
    .filter((file) => file.endsWith(".ts") && !/\.(?:cases|generated)\.ts$/.test(file))
    .map((file) => [file, read(file).split("\n").length - 1] as const)
    .filter(([, lines]) => lines > mostLines);
  expect(long).toEqual([]);
});
