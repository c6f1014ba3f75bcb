import { expect, test } from "vitest";
import { kindText } from "./kinds.ts";

const withParent = (parent: string) =>
  kindText("components/x/x.kind.ts", `export const kind = { key: "xs", name: "x", identity: ["name"], ${parent} };`);

test.each([
  ["on one line", `parent: ({ site }) => ["site", site],`],
  ["over several lines", `parent: ({ site }) =>\n    [\n      "site",\n      site,\n    ],`],
  ["in a block", `parent: ({ site }) => {\n    return ["site", site];\n  },`],
  ["as a method", `parent({ site }) {\n    return ["site", site];\n  },`],
  ["under a quoted key", `"parent": ({ site }) => ["site", site],`],
])("a parent is read that is written %s", (_, parent) => expect(withParent(parent).parents).toEqual(["site"]));

test("a kind may have one of several parents, or none", () => {
  expect(withParent(`parent: ({ site }) =>\n    site === undefined ? ["network"] : ["site", site],`).parents).toEqual([
    "network",
    "site",
  ]);
  expect(withParent("").parents).toEqual([]);
});

test.each(["parent: parentOf,", "parent,"])("a parent that is written elsewhere is refused: %s", (parent) =>
  expect(() => withParent(parent)).toThrow(
    'components/x/x.kind.ts: its parent is no function with ["<kind>", ...] in it',
  ),
);
