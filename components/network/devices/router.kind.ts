import { z } from "zod";
import { sortBy } from "../../../lib/lists.ts";
import { routerSsh, wayTo } from "../../host/system/way-in.ts";
import { flag, text, texts } from "../../inputs.ts";
import { identity, key, redundancy } from "../../registry/fields/field-class.ts";
import { inNetwork, type Kind } from "../../registry/kind.ts";
import { canonical } from "../../schema.ts";
import { declareDevice, deviceInputs } from "./device.ts";

export const inputs = z.strictObject({
  ...deviceInputs,
  address: identity(text).describe("Address to which the hosts of the site open BGP sessions, canonical."),
  ssh: routerSsh
    .exactOptional()
    .describe("Where root logs in to the router, and the key it is known by; absent if nothing is delivered to it."),
  gracefulShutdown: redundancy(flag, { weaker: "more" })
    .exactOptional()
    .describe("Whether traffic is to leave it (RFC 8326)."),
  links: redundancy(texts).describe("Routers to which it has a direct link, at its own or another site."),
  ports: redundancy(
    z.array(
      z.strictObject({
        port: key(text).describe("The port of the router."),
        switch: text.exactOptional().describe("The switch at the other end."),
        router: text.exactOptional().describe("The router at the other end."),
        operator: text.exactOptional().describe("The operator at the other end."),
      }),
    ),
  )
    .exactOptional()
    .describe("Its ports, where the inventory names them."),
});

export const kind: Kind<"routers"> = {
  key: "routers",
  name: "router",
  words: ["router", "routers"],
  description: "A router of a site.",
  type: "fairhost:network:Router",
  identity: ["name"],
  inputs,
  resourceName: ({ name }) => `router-${name}`,
  parent: ({ site }) => ["site", site],
  concerns: "fleet",
  retired: "retired.yaml",
  deletion: "approval",
  declare: (from) =>
    sortBy(from.fleet.network.routers, ({ name }) => name).map((router) => ({
      ...declareDevice(router, from),
      address: canonical(router.address),
      ...(router.ssh !== undefined && { ssh: wayTo(router.ssh, from.fleet.knownHosts) }),
      ...(router.gracefulShutdown !== undefined && { gracefulShutdown: router.gracefulShutdown }),
      links: router.links,
      ...(router.ports !== undefined && {
        ports: router.ports.map(({ port, switch: device, router: other, operator }) => ({
          port,
          ...(device !== undefined && { switch: device }),
          ...(other !== undefined && { router: other }),
          ...(operator !== undefined && { operator }),
        })),
      }),
    })),
  ...inNetwork("routers"),
};
