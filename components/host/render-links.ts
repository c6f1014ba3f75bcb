import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { interfaceFiles, othersRoutes } from "../../lib/systemd/interface-files.ts";
import { plainAddress } from "../../lib/systemd/unit-file.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";
import { linkFile, links } from "./links.host.ts";
import { networkd } from "./networkd.host.ts";

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: ({ host }) => ({ files: host.setUpLinks === true ? renderLinks(host) : [] }),
};

/** Metric of the first way out, by which a host reaches its routers before they tell one: BIRD's (32) is better. */
const firstMetric = 4096;

/** One link has the host's address itself. Several are one interface, of which one link carries everything until it is lost. */
function renderLinks(host: Pick<BareMetalHostInputs, "links" | "address" | "asNumber" | "routers">): BundleFile[] {
  const files = interfaceFiles({
    ports: host.links.map(({ port }) => port),
    bond: { name: "bond0", mac: macOf(host.asNumber) },
    addresses: [`${plainAddress(host.address)}/64`],
    gateways: host.routers.map(({ address }, index) => ({
      ...{ address: plainAddress(address), metric: firstMetric + index },
    })),
  });
  return [
    ...files.map(({ ending, content }) => ({ path: `${links.name}/${linkFile}${ending}`, content })),
    { path: `${networkd.name}/fairhost.conf`, content: othersRoutes },
  ];
}

/** An address of the local range (IEEE 802), of the host's AS number. */
function macOf(asNumber: number): string {
  const hex = `02fb${asNumber.toString(16).padStart(8, "0")}`;
  return hex.match(/../g)!.join(":");
}
