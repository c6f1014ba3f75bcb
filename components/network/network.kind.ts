import { z } from "zod";
import { number, text, texts, waivers } from "../inputs.ts";
import type { Kind } from "../registry/kind.ts";
import { canonicalPrefix } from "../schema.ts";

export const inputs = z.strictObject({
  waivers,
  // A state of 0.1.0 does not say it.
  fleet: text.exactOptional().describe("Identity of the fleet, where the inventory says it."),
  asNumber: number.describe("The AS number that routers speak as."),
  // A state of 0.1.0 does not say it.
  uidBase: number
    .default(200_000)
    .describe("Base of uids: the uid of an account is this value plus the account's number."),
  prefixes: texts.describe("Owned IPv6 ranges."),
  prefixes4: texts.describe("Owned IPv4 ranges."),
  operators: z
    .array(
      z.strictObject({
        name: text.describe("Unique among operators."),
        asNumber: number.describe("Its AS number."),
        parentAsNumber: number.exactOptional().describe("The AS that owns this one, where it is known."),
        routers: texts.describe("Routers that it is connected to."),
      }),
    )
    .describe("Operators that carry the traffic to and from the Internet. Empty: nothing is routed outside."),
});

export const kind: Kind<"networks"> = {
  key: "networks",
  name: "network",
  words: ["network", "networks"],
  description: "The platform's network: AS number, owned ranges, operators of transit. There is one.",
  called: "network AS",
  type: "fairhost:network:Network",
  identity: ["asNumber"],
  inputs,
  resourceName: ({ asNumber }) => `network-as${asNumber}`,
  concerns: "fleet",
  retired: "freely",
  deletion: "approval",
  declare: ({ fleet: { network } }) => [
    {
      ...(network.fleet !== undefined && { fleet: network.fleet }),
      asNumber: network.asNumber,
      uidBase: network.uidBase,
      prefixes: network.prefixes.map(canonicalPrefix),
      prefixes4: network.prefixes4,
      operators: network.operators.map(({ name, asNumber, parentAsNumber, routers }) => ({
        name,
        asNumber,
        ...(parentAsNumber !== undefined && { parentAsNumber }),
        routers,
      })),
    },
  ],
  place: (files) => ({ source: files.all("network")[0]!, path: [] }),
  names: (files) =>
    files.all("network").flatMap(({ loose: { asNumber } }) => (asNumber === undefined ? [] : [String(asNumber)])),
};
