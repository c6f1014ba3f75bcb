import { confined } from "../host/units/confined.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";

export const renderer: Renderer<"accounts"> = { key: "accounts", ofHost: () => purge };

/** Removes the archives of accounts whose time is over, once a day, each host at a time of its own. */
const purge = timedService("fairhost-purge", {
  description: "Removes archives of accounts whose time is over",
  service: {
    ...confined,
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
  timer: { OnCalendar: "daily", RandomizedDelaySec: "4h", FixedRandomDelay: "yes", Persistent: "yes" },
});
