import { expect, test } from "vitest";
import { readSource } from "./source.ts";

test("a byte order mark is no part of a text, wherever that comes from", () => {
  const { source, problems } = readSource("limits.yaml", "\uFEFFhosts: 7\n");
  expect([source.data, problems]).toEqual([{ hosts: 7 }, []]);
});

test("many brackets that nobody has opened are told before they are parsed", () => {
  const { problems } = readSource("limits.yaml", `hosts: ${"]".repeat(1_000_000)}`);
  expect(problems.map(({ message }) => message)).toEqual(["a bracket is closed that none has opened"]);
});
