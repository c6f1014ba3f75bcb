import { expect, test } from "vitest";
import { printable } from "./text.ts";

test("what controls a terminal, or shows another text than there is, is written out", () => {
  expect(printable("a\u001b[2J\u0000b\r")).toBe("a\\x1b[2J\\x00b\\x0d");
  expect(printable("pay \u202eeseht\u2069 zero\u200bwidth\ufeff")).toBe(
    "pay \\u{202e}eseht\\u{2069} zero\\u{200b}width\\u{feff}",
  );
  expect(printable("é ж 中 🙂")).toBe("é ж 中 🙂");
});
