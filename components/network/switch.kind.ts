import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { text } from "../inputs.ts";
import { inNetwork, type Kind } from "../kind.ts";
import { declareDevice, deviceInputs } from "./device.ts";

export const inputs = z.strictObject({
  ...deviceInputs,
  uplinks: z.array(z.strictObject({ port: text, router: text })).describe("Links to the site's routers."),
});

/** A switch of a site. */
export const kind: Kind<"switches"> = {
  key: "switches",
  name: "switch",
  words: ["switch", "switches"],
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
  place: inNetwork("switches"),
};
