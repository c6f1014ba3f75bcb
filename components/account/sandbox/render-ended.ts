import { type BundleFile, type BundleUnit, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { unitFile } from "../../../lib/systemd/unit-file.ts";
import { ownText } from "../../../lib/text/own-text.ts";

/**
 * Template of the units that say why a unit of a sandbox failed, and hold back its next start; the instance is its name without suffix. Of the host:
 * `ExecStopPost=` would have the whole sandbox set up again after each end, good or bad.
 */
export const ended = "fairhost-ended@";

const unit = `${ended}.service`;
const file = `systemd/${unit}`;
const script = "libexec/say-ended";

/** The template and its script. */
export function renderEnded(): { files: BundleFile[]; units: BundleUnit[] } {
  return {
    files: [
      { path: script, content: ownText(import.meta.dirname, "say-ended.sh"), mode: 0o755 },
      {
        path: file,
        content: unitFile({
          // What fails often needs it as often.
          Unit: { Description: "Why %i failed", CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
          // Nothing that needs mounts of its own: visitors may wait for it. Without capabilities the account's limits on its logs hold.
          Service: {
            Type: "oneshot",
            ExecStart: `/bin/sh ${currentGeneration}/${script} %i`,
            TimeoutStartSec: "30s",
            NoNewPrivileges: "yes",
            CapabilityBoundingSet: "",
            RestrictAddressFamilies: "none",
            RestrictNamespaces: "yes",
          },
        }),
      },
    ],
    units: [{ name: unit, want: "on-demand", restartOn: [file, script] }],
  };
}
