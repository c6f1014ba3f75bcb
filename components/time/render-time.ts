import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { plain, unitFile } from "../../lib/systemd/unit-file.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { NetworkInputs } from "../registry/kinds.generated.ts";
import { chrony } from "./chrony.host.ts";
import { publicServers } from "./time.ts";

const { file, unit } = chrony.entry;
const dropIn = `systemd/${unit}.d/50-fairhost.conf`;
const plainServer = plain(/[a-z0-9.-]+/, "host name");

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: ({ declaration }) => renderTime(declaration.networks[0]?.timeServers),
};

/** In a container the clock is the machine's: then it is compared with the servers' and left alone. */
const start = "[ -e /run/systemd/container ] && set -- -x; exec /usr/sbin/chronyd -F 1 -f /etc/chrony/chrony.conf $@";

/** The host's clock: Debian's chrony, with the declared servers alone. */
function renderTime(servers: NetworkInputs["timeServers"] = publicServers.map((name) => ({ name, nts: true }))): {
  files: BundleFile[];
  units: BundleUnit[];
} {
  const asked = servers.map(({ name, nts }) => `server ${plainServer(name)} iburst${nts ? " nts" : ""}\n`).join("");
  const content = `# Whom this host asks for the time.
${asked}${
  servers.every(({ nts }) => nts)
    ? "# Nobody is believed without a signature.\nauthselectmode require\n"
    : "# Servers that do not sign are believed where those that do agree.\nauthselectmode mix\n"
}${servers.length < 3 ? "" : "# One alone is not believed.\nminsources 2\n"}# The host only asks: it is no server, and its own commands come by a socket in /run.
port 0
cmdport 0
# Where Debian's unit lets it write, so that it starts with the last rate and with keys that still hold.
driftfile /var/lib/chrony/chrony.drift
ntsdumpdir /var/lib/chrony
# A clock that is wrong by more than a second is set at once when the host has started, later only slowly: no time comes twice.
makestep 1 3
maxupdateskew 100
# A machine whose own clock has lost the time cannot tell whether a server's certificate is of today: the first time counts without that.
nocerttimecheck 1
rtcsync
leapseclist /usr/share/zoneinfo/leap-seconds.list
`;
  return {
    files: [
      { path: file, content },
      {
        path: dropIn,
        content: unitFile({
          // Debian's would leave it out where it cannot set the clock.
          Unit: { ConditionCapability: "" },
          Service: {
            // Where AppArmor's profile of chronyd lets it read.
            BindReadOnlyPaths: `${currentGeneration}/${file}:/etc/chrony/chrony.conf`,
            ExecStart: ["", `!/bin/sh -c '${start}'`],
            Restart: "on-failure",
            RestartSec: "1s",
          },
        }),
      },
      { path: `systemd/multi-user.target.wants/${unit}`, link: `/usr/lib/systemd/system/${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [file, dropIn] }],
  };
}
