import { z } from "zod";
import { sortBy } from "../../../lib/lists.ts";
import { text } from "../../inputs.ts";
import { key, redundancy } from "../../registry/fields/field-class.ts";
import { inNetwork, type Kind } from "../../registry/kind.ts";
import { declareDevice, deviceInputs } from "./device.ts";

export const inputs = z.strictObject({
  ...deviceInputs,
  uplinks: redundancy(
    z.array(
      z.strictObject({
        port: key(text).describe("The port of the switch."),
        router: text.describe("The router at the other end."),
      }),
    ),
  ).describe("Links to the site's routers."),
});

export const kind: Kind<"switches"> = {
  key: "switches",
  name: "switch",
  words: ["switch", "switches"],
  description: "A switch of a site.",
  type: "fairhost:network:Switch",
  identity: ["name"],
  inputs,
  resourceName: ({ name }) => `switch-${name}`,
  parent: ({ site }) => ["site", site],
  concerns: "fleet",
  retired: "retired.yaml",
  deletion: "approval",
  declare: (from) =>
    sortBy(from.fleet.network.switches, ({ name }) => name).map((device) => ({
      ...declareDevice(device, from),
      uplinks: device.uplinks,
    })),
  ...inNetwork("switches"),
};
