import { z } from "zod";
import { describeNothing } from "../change.ts";
import { flag, number, text, texts } from "../inputs.ts";
import type { Kind } from "../kind.ts";

export const inputs = z.strictObject({
  tombstones: z.array(number).describe("Numbers of deleted accounts."),
  retired: texts.describe("Retired elements: `host web3`, `range 2001:db8::/48`."),
  vanished: z
    .array(z.strictObject({ kind: text, name: text, protect: flag }))
    .describe(
      "Elements of the stack that the inventory neither has nor lists as deleted or retired. Nothing is deployed unless this is empty.",
    ),
});

/** Numbers and names that are taken for ever, and elements of the stack that are no longer declared. There is one. */
export const kind: Kind<"registers"> = {
  key: "registers",
  name: "register",
  words: ["register", "registers"],
  type: "fairhost:account:Register",
  identity: [],
  inputs,
  resourceName: () => "register",
  // A deleted account's number says nothing to hosts of other cells.
  concerns: "nobody",
  retired: "freely",
  deletion: "approval",
  declare: ({ fleet: { tombstones, retired } }) => [
    { tombstones: tombstones.map(({ number }) => number), retired: retired.map(nameOf).sort(), vanished: [] },
  ],
  place: () => undefined,
  describe: describeNothing,
};

function nameOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}
