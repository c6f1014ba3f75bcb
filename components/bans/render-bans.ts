import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { confined } from "../host/units/confined.ts";
import { bans } from "../network/nftables.host.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { banSocket, tooMany } from "./bounds.ts";

const name = "fairhost-bans";
const script = "libexec/ban";

export const renderer: Renderer<"frontEnds"> = {
  key: "frontEnds",
  ofHost: ({ declaration }) => {
    const controllers = declaration.networks.flatMap((network) => network.controllers ?? []).toSorted();
    return {
      files: [
        {
          path: script,
          content: `#!/usr/bin/python3 -I\n${ownText(import.meta.dirname, "ban.py")}`,
          mode: 0o755,
        },
        {
          path: `systemd/${name}.socket`,
          content: unitFile({
            Unit: { Description: "Wrong passwords, to be counted" },
            Socket: {
              ListenDatagram: banSocket,
              // The front end's workers. The group would be too many: caches of accounts have it.
              SocketUser: "www-data",
              SocketMode: "0600",
              ReceiveBuffer: "1M",
              TriggerLimitIntervalSec: "0",
            },
          }),
        },
        {
          path: `systemd/${name}.service`,
          content: unitFile({
            Unit: {
              Description: "Bans addresses that send wrong passwords",
              // A socket is not started while its service runs: both are restarted together.
              PartOf: `${name}.socket`,
              StartLimitIntervalSec: "0",
            },
            Service: {
              ExecStart: [
                `${currentGeneration}/${script} ${tooMany.failures} ${tooMany.seconds} ${bans.table}`,
                ...controllers,
              ].join(" "),
              Restart: "on-failure",
              RestartSec: "5",
              ...confined,
              CapabilityBoundingSet: "CAP_NET_ADMIN",
              RestrictAddressFamilies: "AF_UNIX AF_NETLINK",
              MemoryDenyWriteExecute: "yes",
              SystemCallArchitectures: "native",
              MemoryMax: "128M",
              TasksMax: "10",
            },
          }),
        },
        { path: `systemd/fairhost.target.wants/${name}.socket`, link: `../${name}.socket` },
      ],
      units: [
        { name: `${name}.service`, want: "on-demand", restartOn: [`systemd/${name}.service`, script] },
        { name: `${name}.socket`, want: "start", restartOn: [`systemd/${name}.socket`] },
      ],
    };
  },
};
