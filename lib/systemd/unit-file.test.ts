import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, programServer } from "../../testing/fixtures/bundle-fixture.ts";
import { environmentLines, execLine, plain, quoteWord, unitFile } from "./unit-file.ts";

/** systemd's reading of a word list: quotes, C escapes (extract_first_word), then specifiers. */
function readWords(line: string): string[] {
  const words: number[][] = [];
  let word: number[] | undefined;
  let quoted = false;
  const octets = Buffer.from(line);
  for (let at = 0; at < octets.length; at++) {
    const character = String.fromCharCode(octets[at]!);
    if (character === '"') {
      quoted = !quoted;
      word ??= [];
    } else if (character === " " && !quoted) {
      if (word) words.push(word);
      word = undefined;
    } else if (character === "\\") {
      const escaped = String.fromCharCode(octets[++at]!);
      word ??= [];
      if (escaped === "x") {
        word.push(Number.parseInt(octets.subarray(at + 1, at + 3).toString(), 16));
        at += 2;
      } else if (escaped === '"' || escaped === "\\") word.push(escaped.charCodeAt(0));
      else throw new Error(`unknown escape \\${escaped}`);
    } else {
      word ??= [];
      word.push(octets[at]!);
    }
  }
  if (quoted) throw new Error("unbalanced quotes");
  if (word) words.push(word);
  return words.map((bytes) => {
    const text = Buffer.from(bytes).toString();
    if (/(?<!%)(?:%%)*%(?!%)/.test(text)) throw new Error(`a specifier in ${text}`);
    return text.replaceAll("%%", "%");
  });
}

const anyText = fc.string({
  unit: fc.oneof(fc.constantFrom(..."\"'\\%$;#\n\t =[]{}`\u0085\u2028é😀"), fc.string({ unit: "binary" })),
});
const text = anyText.map((value) => value.toWellFormed().replaceAll("\0", ""));

describe("words", () => {
  test("are read back by systemd's rules as they were given, whatever they hold", () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (words) => {
        const line = execLine(["/usr/bin/tini", ...words]);
        expect(line).not.toMatch(/\p{Cc}/u);
        expect(readWords(line)).toEqual([":/usr/bin/tini", ...words]);
      }),
      { numRuns: 2000 },
    );
  });

  test("of the environment too", () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(readWords(environmentLines({ A: value })[0]!)).toEqual([`A=${value}`]);
      }),
    );
  });

  test("that are not possible as arguments are refused", () => {
    expect(() => quoteWord("a\0b")).toThrow("NUL");
    expect(() => execLine(["@/usr/bin/tini"])).toThrow("not a plain absolute path");
    expect(() => environmentLines({ "A B": "" })).toThrow("variable name");
  });

  test("a lone semicolon does not separate commands", () => {
    expect(execLine(["/bin/a", ";", "/bin/b"])).toBe(':/bin/a ";" /bin/b');
  });
});

describe("a unit", () => {
  test("gets no directive by anything an account chooses", () => {
    const keys = (command: readonly string[], environment: Record<string, string>) =>
      renderBundle(
        declarationOf([{ number: 7, name: "eve", servers: [programServer("x", command, { environment })] }]),
        "web1",
      )
        .groups["account-7"]!.files.filter(({ path }) => path.startsWith("systemd/") && !path.includes(".wants/"))
        .map(({ path, content }) => [path, content!.split("\n").map((line) => line.split("=")[0])]);
    const harmless = keys(["/bin/a", "b"], { A: "b" });
    fc.assert(
      fc.property(text, text, (argument, value) => {
        expect(keys(["/bin/a", argument], { A: value })).toEqual(harmless);
      }),
    );
  });

  test("refuses a value that would become another directive", () => {
    expect(() => unitFile({ Service: { Description: "a\nExecStart=/bin/sh" } })).toThrow(
      "Description= must not contain",
    );
    expect(() => unitFile({ Service: { Description: "a\\" } })).toThrow("Description= must not contain");
  });

  test("leaves empty sections out and repeats lists", () => {
    expect(unitFile({ Unit: {}, Service: { A: ["1", "2"], B: "" } })).toBe("[Service]\nA=1\nA=2\nB=\n");
  });
});

test.each([
  ["account name", { name: "alice/../bob" }],
  ["account name", { name: "alice\nUser=root" }],
  ["unit name", { servers: [{ ...programServer("x y", ["/bin/a"]), hostnames: [] }] }],
  ["host name", { servers: [{ ...programServer("x", ["/bin/a"]), hostnames: ["a.test; }"] }] }],
])("text that is not allowed in a configuration is refused: %s", (what, change) => {
  const declaration = declarationOf([{ number: 7, name: "eve", ...change }]);
  expect(() => renderBundle(declaration, "web1")).toThrow(`is not a valid ${what}`);
});

test("a pattern must match as a whole", () => {
  const word = plain(/[a-c]+/, "word");
  expect(word("abc")).toBe("abc");
  expect(() => word("abcd")).toThrow('"abcd" is not a valid word');
  expect(() => word("abc\n")).toThrow("is not a valid word");
});
