import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { confined } from "../host/units/confined.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";

const script = "libexec/bound-logs";
const unit = "fairhost-logs.service";

export const renderer: Renderer<"accounts"> = { key: "accounts", ofHost: () => renderLogs() };

/** The service that bounds the logs of accounts and of the front end. Accounts' programs and visitors come before it. */
function renderLogs(): { files: BundleFile[]; units: BundleUnit[] } {
  const path = `systemd/${unit}`;
  const content = unitFile({
    Unit: { Description: "Bounds the logs of accounts and of the host", RequiresMountsFor: "/srv/accounts" },
    Service: {
      ...confined,
      // Quotas are read from the device (quotactl(2)).
      PrivateDevices: "no",
      ExecStart: `${currentGeneration}/${script}`,
      Restart: "always",
      RestartSec: "5s",
      Nice: "10",
      CPUWeight: "20",
      IOWeight: "20",
      MemoryMax: "128M",
      TasksMax: "32",
      // Reads and writes files of accounts whatever their quota; SYS_ADMIN only to read quotas (quotactl(2)).
      CapabilityBoundingSet: "CAP_SYS_RESOURCE CAP_DAC_OVERRIDE CAP_SETUID CAP_SETGID CAP_SYS_ADMIN",
      ReadWritePaths: "/srv/accounts /var/log",
      PrivateNetwork: "yes",
      RestrictAddressFamilies: "AF_UNIX",
    },
  });
  return {
    files: [
      { path: script, content: ownText(import.meta.dirname, "bound-logs.sh"), mode: 0o755 },
      { path, content },
      { path: `systemd/multi-user.target.wants/${unit}`, link: `../${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [path, script] }],
  };
}
