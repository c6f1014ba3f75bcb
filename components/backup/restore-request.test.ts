import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fitTogether, restoredPart } from "../../delivery/protocol/restores.ts";
import { today } from "../../testing/fixtures/fixture.ts";
import { schema as approvals } from "../review/approvals.file.ts";
import { restoreInWords, restoreResource, restoreSchema } from "./restore-request.ts";

const path = fc
  .array(fc.oneof(fc.constantFrom("a", "b", "..", ".", "admin", "c d", ""), fc.string({ maxLength: 6 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((names) => names.join("/"));
const word = fc.oneof(
  fc.constantFrom("all", "files", "databases", "database shop", "database news"),
  path.map((each) => `files ${each}`),
);
const wish = fc.record({
  id: fc.constantFrom("one", "two-2"),
  snapshot: fc.constantFrom("2026-11-28", "3f871964", "before one"),
  what: fc.array(word, { minLength: 1, maxLength: 3 }),
});

test("a path that is accepted stays in the home, and leaves its logs alone", () => {
  fc.assert(
    fc.property(path, (each) => {
      const part = restoredPart(`files ${each}`);
      if (part?.of !== "path") return;
      const names = part.path.split("/");
      expect(part.path).toBe(each);
      expect(names.filter((name) => ["", ".", ".."].includes(name))).toEqual([]);
      expect(names[0]).not.toBe("admin");
      expect(each).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test("nothing is restored twice by one wish, whatever the order of its words", () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), (words) => {
      expect(fitTogether(words)).toBe(fitTogether(words.toReversed()));
      if (!fitTogether(words)) return;
      expect(words.includes("all") ? words : ["all"]).toEqual(["all"]);
      for (const [index, one] of words.entries()) {
        for (const [at, other] of words.entries())
          if (index !== at) expect(`${one}/`.startsWith(`${other}/`)).toBe(false);
      }
    }),
  );
});

test("an approval of any wish is one that approvals.yaml accepts, and of another wish it is another", () => {
  const rest = { approvedBy: "Grace Example", reason: "agreed with the owners", expires: today };
  fc.assert(
    fc.property(wish, wish, (one, other) => {
      const [first, second] = [one, other].map((each) => restoreSchema.safeParse(each));
      if (!first!.success || !second!.success) return;
      const resource = restoreResource(7, first!.data);
      expect(approvals.safeParse([{ action: "restore", resource, ...rest }]).success).toBe(true);
      expect(resource === restoreResource(7, second!.data)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 500 },
  );
});

test("a path that reads as another wish has an approval of its own", () => {
  const of = (...what: string[]) => restoreResource(7, { id: "shop-1", snapshot: "2026-11-28", what });
  expect(restoreSchema.safeParse({ id: "shop-1", snapshot: "2026-11-28", what: ["files a:databases"] }).success).toBe(
    true,
  );
  expect(of("files a:databases")).not.toBe(of("files a", "databases"));
  expect(of("files A:database/shop")).not.toBe(of("files A", "database shop"));
  expect(of("files a", "databases")).toBe("account 7:shop-1:2026-11-28:files/a:databases");
});

describe("a wish", () => {
  const valid = { id: "shop-1", snapshot: "2026-11-28", what: ["files www/a b.html", "database shop"] };
  const message = (change: object) =>
    restoreSchema.safeParse({ ...valid, ...change }).error?.issues.map((issue) => issue.message) ?? [];

  test("is said in words", () => {
    expect(message({})).toEqual([]);
    expect(restoreInWords(valid)).toBe("www/a b.html in the home, database shop from the backup of 2026-11-28");
    expect(restoreInWords({ ...valid, snapshot: "3f871964", what: ["all"] })).toBe(
      "all files and databases from backup 3f871964",
    );
    expect(restoreInWords({ ...valid, snapshot: "before one", what: ["all"] })).toBe("what restore one replaced");
  });

  test.each([
    ["a day that is none", { snapshot: "2026-13-01" }, /^must be a day such as 2026-11-28/],
    ["a word that is none", { what: ["home"] }, /^must be `all`, `files`/],
    ["a path that leads out", { what: ["files ../2"] }, /^must be `all`, `files`/],
    ["the logs", { what: ["files admin/logs"] }, /^must be `all`, `files`/],
    ["something twice", { what: ["files", "files www"] }, /^must name nothing twice/],
    ["all and more", { what: ["all", "database shop"] }, /^must name nothing twice/],
    ["a part of what was replaced", { snapshot: "before one", what: ["files"] }, /^must be `all` with a snapshot/],
  ])("is refused with %s", (_, change, expected) => {
    expect(message(change)).toEqual([expect.stringMatching(expected)]);
  });
});
