import { expect, test } from "vitest";
import { maskFile, maskSentence } from "../../lib/text/mask.ts";
import { code, details, fence, markerOf, text, within } from "./markdown.ts";

test("text is shown literally: no markup, no mention, no second line", () => {
  expect(text("a *b* `c` <d> & [e](f) | g_h_ ~i~ \\")).toBe(
    "a \\*b\\* \\`c\\` &lt;d&gt; &amp; \\[e\\](f) \\| g\\_h\\_ \\~\u200bi\\~ \\\\",
  );
  expect(text("for @octocat, #12 and !3; 100 % sure")).toBe("for @\u200boctocat, #\u200b12 and !\u200b3; 100 % sure");
  expect(text("one\ntwo\u202e\u0000")).toBe("one\\\\x0atwo\\\\u{202e}\\\\x00");
  expect(["- a", "1. a", "# a", "=== "].map((each) => text(each))).toEqual(["\\- a", "1\\. a", "\\# a", "\\==="]);
  expect(text("see https://a.example and www.a.example")).toBe("see https:\\//a.example and www\\.a.example");
  expect(text("x".repeat(700))).toHaveLength(600);
  expect(text("password=hunter2 is wrong")).toBe("password=(masked) is wrong");
});

test("nothing inside can end code, fences or details", () => {
  expect(code("a`b``c")).toBe("```a`b``c```");
  expect(code("`a`")).toBe("`` `a` ``");
  expect(code("  ")).toBe("(empty)");
  expect(fence("```\n</details>\n````\u001b", "diff")).toBe("`````diff\n```\n</details>\n````\\x1b\n`````");
  expect(details("<b> @octocat", "text")).toBe(
    "<details><summary>&lt;b&gt; @\u200boctocat</summary>\n\ntext\n\n</details>",
  );
});

test("the marker is one line of HTML comment, whatever the name is", () => {
  expect(markerOf({ inventory: "inventory/prod", cell: "cell-2" })).toBe(
    "<!-- fairhost-guard: inventory/prod cell-2 -->",
  );
  expect(markerOf({ inventory: "a--><b>\nc" })).toBe("<!-- fairhost-guard: a- b c -->");
  expect(markerOf({ inventory: "" })).toBe("<!-- fairhost-guard: none -->");
});

test("within a budget items stay whole, smaller later ones still fit in, and the rest is counted", () => {
  const items = ["a".repeat(100), "b".repeat(500), "c".repeat(100)];
  const shown = within(
    items,
    520,
    (item) => item,
    (left) => `and ${left} more`,
  );
  expect(shown).toEqual([items[0], items[2], "and 1 more"]);
  const long = within(
    Array<string>(10_000).fill("x".repeat(50)),
    1000,
    (item) => item,
    (left) => `and ${left} more`,
  );
  expect(long.join("\n").length).toBeLessThan(1000);
  expect(Number(/and (\d+) more/.exec(long.at(-1)!)![1]) + long.length - 1).toBe(10_000);
});

test.each([
  ['Environment="DB_PASSWORD=hunter 2"', 'Environment="DB_PASSWORD=(masked)'],
  ["  api_key: abc", "  api_key: (masked)"],
  ["--token=abc", "--token=(masked)"],
  ["postgres://shop:hunter2@db/shop", "postgres://shop:(masked)@db/shop"],
  ["$2b$12$abcdefghijklmnopqrstuv", "(masked)"],
  [
    "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\nx",
    "-----BEGIN OPENSSH PRIVATE KEY----- (masked)\nx",
  ],
  ["-----BEGIN PRIVATE KEY-----\nabc", "-----BEGIN PRIVATE KEY----- (masked)"],
  ['Environment="PORT=8002"', 'Environment="PORT=8002"'],
])("of a file %j becomes %j", (file, masked) => {
  expect(maskFile(file)).toBe(masked);
});

test("in a sentence a colon does not mark a secret", () => {
  expect(maskSentence("secrets-kept: rotates the master secret of web1")).toBe(
    "secrets-kept: rotates the master secret of web1",
  );
  expect(maskSentence("command has SECRET_KEY=abc in it")).toBe("command has SECRET_KEY=(masked) in it");
});
