import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { shellWord, wrapperText } from "./wrappers.ts";

it.each(["plain", "with blank", "it's", '$HOME `id` "q" \\', "", "line\nbreak"])(
  "shellWord(%j) survives sh",
  (word) => {
    expect(execFileSync("sh", ["-c", `printf %s ${shellWord(word)}`], { encoding: "utf8" })).toBe(word);
  },
);

it("wrapperText becomes the program and passes every argument as it is", () => {
  const text = wrapperText("/usr/bin/printf", "[%s]", "first");
  expect(execFileSync("sh", ["-c", text, "wrapper", "a b", "", "*"], { encoding: "utf8" })).toBe("[first][a b][][*]");
});
