import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plain, plainAddress, unitFile } from "../../lib/systemd/unit-file.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";
import { linkFile, links } from "./links.host.ts";
import { networkd } from "./networkd.host.ts";

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: ({ host }) => ({ files: host.setUpLinks === true ? renderLinks(host) : [] }),
};

const plainInterface = plain(/[a-z][a-z0-9]{1,14}/, "interface name");

/** Metric of the first way out, by which a host reaches its routers before they tell one: BIRD's (32) is better. */
const firstMetric = 4096;

/** One link has the host's address itself. Several are one interface, of which one link carries everything until it is lost. */
function renderLinks(host: Pick<BareMetalHostInputs, "links" | "address" | "asNumber" | "routers">): BundleFile[] {
  const ports = host.links.map(({ port }) => plainInterface(port));
  const name = ports.length === 1 ? ports[0]! : "bond0";
  const file = (ending: string, content: string) => ({ path: `${links.name}/${linkFile}${ending}`, content });
  const addressed = [
    unitFile({
      Match: { Name: name },
      Network: {
        Address: `${plainAddress(host.address)}/64`,
        IPv6AcceptRA: "no",
        // Programs that listen on the address start without a link, and stay when it is lost for a moment.
        ConfigureWithoutCarrier: "yes",
      },
    }),
    ...host.routers.map(({ address }, index) =>
      unitFile({ Route: { Gateway: plainAddress(address), Metric: `${firstMetric + index}` } }),
    ),
  ];
  return [
    ...(ports.length === 1
      ? []
      : [
          file(
            `${name}.netdev`,
            unitFile({
              // Unique in the fleet, and the same whichever link it has and whatever is installed: otherwise neighbours look for it elsewhere.
              NetDev: { Name: name, Kind: "bond", MACAddress: macOf(host.asNumber) },
              // The first link is no better than the other: going back to it would be a second gap.
              Bond: { Mode: "active-backup", MIIMonitorSec: "100ms", UpDelaySec: "1s" },
            }),
          ),
          ...ports.map((port) => file(`${port}.network`, unitFile({ Match: { Name: port }, Network: { Bond: name } }))),
        ]),
    file(`${name}.network`, addressed.join("\n")),
    {
      path: `${networkd.name}/fairhost.conf`,
      // Those of BIRD and of accounts: without this they would go with each restart.
      content: unitFile({ Network: { ManageForeignRoutes: "no", ManageForeignRoutingPolicyRules: "no" } }),
    },
  ];
}

/** An address of the local range (IEEE 802), of the host's AS number. */
function macOf(asNumber: number): string {
  const hex = `02fb${asNumber.toString(16).padStart(8, "0")}`;
  return hex.match(/../g)!.join(":");
}
