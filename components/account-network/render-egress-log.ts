import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import type { Architecture } from "../../lib/architectures.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { architectureOf } from "../host/hardware/architecture.ts";
import { confined } from "../host/units/confined.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { logGroup } from "./links.ts";

const unit = "fairhost-egress.service";
const configuration = "ulogd/ulogd.conf";

/** Below /var/log; bound-logs.sh bounds it. */
const directory = "fairhost-egress";

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: ({ host }) => renderEgressLog(architectureOf(host)),
};

/**
 * The log of what accounts call outside: a line for each new connection, with the account's link and what it is seen as outside. The firewall
 * limits the lines of each account.
 */
function renderEgressLog({ libraries }: Architecture): { files: BundleFile[]; units: BundleUnit[] } {
  const plugins = [
    "inppkt_NFLOG",
    "raw2packet_BASE",
    "filter_IFINDEX",
    "filter_IP2STR",
    "filter_PRINTPKT",
    "output_LOGEMU",
  ];
  const path = `systemd/${unit}`;
  return {
    files: [
      {
        path: configuration,
        content: `# What accounts call outside: from the firewall's group of nfnetlink_log(4) into a file.
[global]
logfile="syslog"
loglevel=5
${plugins.map((name) => `plugin="/usr/lib/${libraries}/ulogd/ulogd_${name}.so"\n`).join("")}stack=egress:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,file1:LOGEMU
[egress]
group=${logGroup}
netlink_socket_buffer_size=4194304
netlink_socket_buffer_maxsize=4194304
[file1]
file="/var/log/${directory}/egress.log"
sync=1
`,
      },
      {
        path,
        content: unitFile({
          Unit: { Description: "Log of what accounts call outside" },
          Service: {
            ...confined,
            ExecStart: `/usr/sbin/ulogd --configfile ${currentGeneration}/${configuration}`,
            User: "ulog",
            LogsDirectory: directory,
            LogsDirectoryMode: "0750",
            UMask: "0027",
            Restart: "always",
            RestartSec: "1s",
            MemoryMax: "64M",
            CPUWeight: "20",
            AmbientCapabilities: "CAP_NET_ADMIN",
            CapabilityBoundingSet: "CAP_NET_ADMIN",
            RestrictAddressFamilies: "AF_UNIX AF_NETLINK",
          },
        }),
      },
      { path: `systemd/multi-user.target.wants/${unit}`, link: `../${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [path, configuration] }],
  };
}
