import { expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { has, valuesOf } from "./fields/schema-walk.ts";
import type { Element, Key, Kind } from "./kind.ts";
import type { Declaration } from "./kinds.generated.ts";
import { allKinds } from "./subject.ts";

/**
 * Variables of an account reach only its program, as arguments. With Environment= they would also reach what systemd runs for the unit
 * outside of the account's control: ExecStartPre=+, ExecStopPost=, a wrapper that reads BASH_ENV or LD_PRELOAD.
 */

const marked = "MARKED_BY_TEST";
const valid = declarationFixture({ hosts: 1, accounts: 1 });

/** The declaration with one more variable wherever an element of a kind has variables. */
function withVariable(kind: Kind, element: Element): Declaration {
  const copy = structuredClone(element) as Element;
  for (const { value } of valuesOf(kind.inputs, copy, "environment")) Object.assign(value as object, { [marked]: "1" });
  const others = (valid[kind.key] as readonly Element[]).filter((each) => each !== element);
  return { ...valid, [kind.key]: [...others, copy] };
}

/** Lines of units that have the variable, by setting. */
function settingsWith(declaration: Declaration): string[] {
  const files = Object.values(renderBundle(declaration, "h1").groups).flatMap((group) => group!.files);
  const units = files.filter(({ path }) => path.startsWith("systemd/"));
  const lines = units.flatMap(({ content = "" }) => content.split("\n").filter((line) => line.includes(marked)));
  return lines.map((line) => line.slice(0, line.indexOf("=")));
}

const withVariables = (allKinds as readonly Kind[])
  .filter(({ inputs }) => has(inputs, "environment"))
  .flatMap((kind) =>
    (valid[kind.key as Key] as readonly Element[])
      .filter((element) => valuesOf(kind.inputs, element, "environment").length > 0)
      .map((element) => [kind.resourceName(element), kind, element] as const),
  );

test("some kind has variables, so that this tests something", () => expect(withVariables).not.toEqual([]));

test.each(withVariables)(
  "%s: variables of the account are arguments of a command, never in Environment=",
  (_, kind, element) => {
    const settings = new Set(settingsWith(withVariable(kind, element)));
    expect([...settings].filter((setting) => setting !== "ExecStart")).toEqual([]);
  },
);
