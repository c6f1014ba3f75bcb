import { z } from "zod";
import { flag, number, text, texts } from "../inputs.ts";
import { describeNothing } from "../registry/change.ts";
import { derivedField, identity, key } from "../registry/fields/field-class.ts";
import { inNoFile, type Kind } from "../registry/kind.ts";
import { retiredName } from "./retired-name.ts";

export const inputs = z.strictObject({
  tombstones: identity(z.array(number), { judged: "identity-kept" }).describe("Numbers of deleted accounts."),
  deletedNames: identity(texts, { later: true })
    .exactOptional()
    .describe("Last names of deleted accounts: below the platform's domain each was a host name."),
  retired: identity(texts).describe("Retired resources: `host web3`, `range 2001:db8::/48`."),
  vanished: derivedField(
    z.array(
      z.strictObject({
        kind: key(text).describe("Name of its kind."),
        name: key(text).describe("Its name."),
        protect: flag.describe("Whether it was declared protected."),
      }),
    ),
  ).describe(
    "Resources of the stack that the inventory neither has nor lists as deleted or retired. Nothing is deployed unless this is empty.",
  ),
});

export const kind: Kind<"registers"> = {
  key: "registers",
  name: "register",
  words: ["register", "registers"],
  description: "What is taken for ever, and what the stack has that nobody declares any more. There is one.",
  type: "fairhost:account:Register",
  identity: [],
  inputs,
  resourceName: () => "register",
  // A deleted account's number says nothing to hosts of other cells.
  concerns: "nobody",
  retired: "freely",
  deletion: "approval",
  declare: ({ fleet: { tombstones, retired } }) => [
    {
      tombstones: tombstones.map(({ number }) => number).sort((one, other) => one - other),
      deletedNames: tombstones.map(({ name }) => name).sort(),
      retired: retired.map(retiredName).sort(),
      vanished: [],
    },
  ],
  place: inNoFile,
  describe: describeNothing,
};
