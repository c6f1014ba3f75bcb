import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { confined } from "../host/units/confined.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { everySeconds, pauseSeconds, rearmPoints, startsAtOnce } from "./threshold.ts";

const script = "libexec/watch-thresholds";
const name = "fairhost-thresholds";

export const renderer: Renderer<"tasks"> = { key: "tasks", ofHost: renderThresholds };

/**
 * What starts tasks of accounts that are near a limit. One process that waits: a timer would write lines to the journal each time, and so would a
 * condition that is not met.
 */
function renderThresholds(): { files: BundleFile[]; units: BundleUnit[] } {
  const unit = `${name}.service`;
  const path = `systemd/${unit}`;
  const content = ownText(import.meta.dirname, "watch-thresholds.sh")
    .replaceAll("@PAUSE@", `${pauseSeconds}`)
    .replaceAll("@REARM@", `${rearmPoints}`)
    .replaceAll("@EVERY@", `${everySeconds}`)
    .replaceAll("@AT_ONCE@", `${startsAtOnce}`);
  return {
    files: [
      { path: script, content, mode: 0o755 },
      {
        path,
        content: unitFile({
          Unit: { Description: "Starts tasks of accounts that are near a limit", RequiresMountsFor: "/srv/accounts" },
          Service: {
            ...confined,
            // Quotas are read from the device (quotactl(2)).
            PrivateDevices: "no",
            ExecStart: `${currentGeneration}/${script}`,
            StateDirectory: name,
            StateDirectoryMode: "0700",
            UMask: "0077",
            Restart: "always",
            RestartSec: "5s",
            Nice: "10",
            CPUWeight: "20",
            IOWeight: "20",
            MemoryMax: "64M",
            TasksMax: "16",
            // Only to read quotas.
            CapabilityBoundingSet: "CAP_SYS_ADMIN",
            PrivateNetwork: "yes",
            RestrictAddressFamilies: "AF_UNIX",
          },
        }),
      },
      { path: `systemd/multi-user.target.wants/${unit}`, link: `../${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [path, script] }],
  };
}
