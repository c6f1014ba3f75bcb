import { join } from "node:path";
import { expect, test } from "vitest";
import { checkoutTree } from "../testing/references.ts";

const checkout = checkoutTree(join(import.meta.dirname, ".."));

/** Words that the glossary says to avoid, but for those that are right elsewhere, which it gives with their place in parentheses. */
const avoided = [
  ...checkout
    .read("docs/glossary.md")
    .split("## Words to avoid")[1]!
    .matchAll(/^\| ([^|]+) \|/gm),
]
  .map(([, words]) => words!)
  .filter((words) => !/^(?:not|-+)$|\(/.test(words))
  .flatMap((words) => words.split(", "));

/** Text without what is not prose: code, and names that a state or a program knows. */
const prose = (text: string) => text.replace(/`[^`\n]*`|"[^"\s]*"|\S*:\/?\/?[^\s:]+:?\S*/g, "");

/** @returns places where a word to avoid stands */
function foundIn(file: string, text: string): string[] {
  const pattern = new RegExp(`\\b(?:${avoided.join("|")})(?:s|ed|ing)?\\b`, "i");
  return text.split("\n").flatMap((line, index) => {
    const [word] = pattern.exec(prose(line)) ?? [];
    return word === undefined ? [] : [`${file}:${index + 1}: "${word}"`];
  });
}

test("no page and no module has a word that the glossary says to avoid", () => {
  // Records and the history stay as they were written; of tests the words are often what is tested.
  const left =
    /^docs\/(?:decisions\/|glossary\.md)|^CHANGELOG\.md|\/golden\/|\.(?:test|cases)\.ts$|^(?:shared|testing)\//;
  const files = [...checkout.files].filter((file) => /\.(?:md|ts|sh)$/.test(file) && !left.test(file));
  expect(files).toEqual(expect.arrayContaining(["README.md", "cli/guard.ts"]));
  expect(files.flatMap((file) => foundIn(file, checkout.read(file)))).toEqual([]);
});

test("such a word is found, and a name in code is none", () => {
  expect(avoided).toEqual(expect.arrayContaining(["tenant", "mend", "cable"]));
  expect(foundIn("a.md", "one\nThe cables were mended.")).toEqual(['a.md:2: "cables"']);
  expect(foundIn("a.md", "`lab mend-link`, of type fairhost:cable:Cable")).toEqual([]);
});
