import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/unit-file.ts";
import { confined } from "../host/confined.ts";
import type { Renderer } from "../registry/renderer.ts";

const [service, timer] = ["fairhost-purge.service", "fairhost-purge.timer"];

export const renderer: Renderer<"accounts"> = { key: "accounts", ofHost: () => renderPurge() };

/** Removes the archives of accounts whose time is over, once a day, each host at a time of its own. */
function renderPurge(): { files: BundleFile[]; units: BundleUnit[] } {
  const description = "Removes archives of accounts whose time is over";
  const [pathOfService, pathOfTimer] = [`systemd/${service}`, `systemd/${timer}`];
  return {
    files: [
      {
        path: pathOfService,
        content: unitFile({
          Unit: { Description: description, RequiresMountsFor: "/srv/accounts" },
          Service: {
            ...confined,
            Type: "oneshot",
            ExecStart: "/usr/local/sbin/fairhost-host purge",
            Nice: "10",
            CPUWeight: "20",
            IOWeight: "20",
            CapabilityBoundingSet: "CAP_DAC_OVERRIDE CAP_FOWNER",
            ReadWritePaths: "/srv/accounts /run/fairhost",
            RuntimeDirectory: "fairhost",
            RuntimeDirectoryMode: "0700",
            RuntimeDirectoryPreserve: "yes",
            PrivateNetwork: "yes",
            RestrictAddressFamilies: "AF_UNIX",
          },
        }),
      },
      {
        path: pathOfTimer,
        content: unitFile({
          Unit: { Description: description },
          Timer: { OnCalendar: "daily", RandomizedDelaySec: "4h", FixedRandomDelay: "yes", Persistent: "yes" },
        }),
      },
      { path: `systemd/timers.target.wants/${timer}`, link: `../${timer}` },
    ],
    units: [
      { name: service!, want: "on-demand", restartOn: [pathOfService] },
      { name: timer!, want: "start", restartOn: [pathOfTimer] },
    ],
  };
}
