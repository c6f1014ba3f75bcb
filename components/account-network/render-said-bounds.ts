import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { confined } from "../host/units/confined.ts";
import { limitNames, limitOf } from "../plan/each-limit.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { linkPrefix } from "./links.ts";

const script = "libexec/say-bounds";
const name = "fairhost-bounds";

export const renderer: Renderer<"hosts"> = { key: "hosts", ofHost: renderSaidBounds };

/** What says in the logs of accounts that they are at the bounds of their connections, once a minute. */
function renderSaidBounds(): { files: BundleFile[]; units: BundleUnit[] } {
  const limits = limitNames.flatMap((limit) => {
    const { bound } = limitOf(limit);
    return bound === undefined ? [] : [`${bound}=${limit}`];
  });
  const content = ownText(import.meta.dirname, "say-bounds.sh")
    .replaceAll("@LIMITS@", limits.join(" "))
    .replaceAll("@PREFIX@", linkPrefix);
  const service = `systemd/${name}.service`;
  const timer = `systemd/${name}.timer`;
  return {
    files: [
      { path: script, content, mode: 0o755 },
      {
        path: service,
        content: unitFile({
          Unit: {
            Description: "Says in the logs of accounts which connections were refused",
            RequiresMountsFor: "/srv/accounts",
          },
          Service: {
            ...confined,
            Type: "oneshot",
            ExecStart: `${currentGeneration}/${script}`,
            RuntimeDirectory: name,
            RuntimeDirectoryPreserve: "yes",
            TimeoutStartSec: "50s",
            CPUWeight: "20",
            MemoryMax: "64M",
            UMask: "0027",
            CapabilityBoundingSet: "CAP_NET_ADMIN",
            ReadWritePaths: "/srv/accounts",
            RestrictAddressFamilies: "AF_NETLINK",
          },
        }),
      },
      {
        path: timer,
        content: unitFile({
          Unit: { Description: "Says in the logs of accounts which connections were refused" },
          Timer: { OnCalendar: "minutely", AccuracySec: "10s" },
        }),
      },
      { path: `systemd/timers.target.wants/${name}.timer`, link: `../${name}.timer` },
    ],
    units: [
      { name: `${name}.timer`, want: "start", restartOn: [timer] },
      { name: `${name}.service`, want: "on-demand", restartOn: [service, script] },
    ],
  };
}
