import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { BareMetalHostInputs, Declaration } from "../registry/kinds.generated.ts";
import { apt } from "./apt.host.ts";
import { night, nightsOfHost } from "./upgrades.ts";

/** Debian's timers: one reads the package lists, the other one upgrades. */
const [lists, upgrade] = ["apt-daily.timer", "apt-daily-upgrade.timer"] as const;

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: ({ host, declaration }) => renderUpgrades(host, declaration.sites),
};

/** Starts a timer at boot, whoever has disabled it. */
const linkAtBoot = (timer: string): BundleFile => {
  return { path: `systemd/timers.target.wants/${timer}`, link: `/usr/lib/systemd/system/${timer}` };
};

/**
 * Debian's own timers and unattended-upgrades, with what is declared. Only fixes of Debian's security team are installed by themselves;
 * everything else comes with a deploy (`asOf`). Debian's packages restart their own daemons; nothing restarts programs of accounts,
 * and drift says which of them still run replaced files.
 */
export function renderUpgrades(
  host: Pick<BareMetalHostInputs, "site" | "upgrades">,
  sites: Declaration["sites"],
): { files: BundleFile[]; units: BundleUnit[] } {
  const { security, reboot, asOf } = host.upgrades;
  const content = `# What apt does by itself on this host (apt.conf(5), /usr/lib/apt/apt.systemd.daily).
${asOf === undefined ? "" : `# A deploy has upgraded all packages, as of ${asOf}.\n`}APT::Periodic::Enable "1";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::AutocleanInterval "7";
# The timer alone says when.
APT::Periodic::Unattended-Upgrade "${security ? "always" : "0"}";
#clear Unattended-Upgrade::Allowed-Origins;
#clear Unattended-Upgrade::Origins-Pattern;
#clear Unattended-Upgrade::Package-Blacklist;
Unattended-Upgrade::Origins-Pattern { "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security"; };
# Package by package: a shutdown meanwhile waits for one of them.
Unattended-Upgrade::MinimalSteps "true";
# Of an interrupted run of dpkg.
Unattended-Upgrade::AutoFixInterruptedDpkg "true";
Unattended-Upgrade::Automatic-Reboot "${reboot}";
Unattended-Upgrade::Automatic-Reboot-WithUsers "true";
Unattended-Upgrade::Automatic-Reboot-Time "now";
# Without them a package whose configuration somebody has edited would be held back, silently. The edited file stays.
DPkg::Options { "--force-confdef"; "--force-confold"; };
`;
  const timer = `systemd/${upgrade}.d/50-fairhost.conf`;
  const service = `systemd/${upgrade.replace("timer", "service")}.d/50-fairhost.conf`;
  return {
    files: [
      { path: apt.linksTo, content },
      linkAtBoot(lists),
      ...(security
        ? [
            linkAtBoot(upgrade),
            {
              path: timer,
              content: unitFile({
                Timer: {
                  OnCalendar: ["", `${nightsOfHost(host, sites).join(",")} *-*-* ${night.from}:00 UTC`],
                  RandomizedDelaySec: `${night.hours}h`,
                  FixedRandomDelay: "yes",
                  // A missed night is not made up for: it could be one of the standby's.
                  Persistent: "no",
                },
              }),
            },
            {
              path: service,
              content: unitFile({
                // needrestart(1), where somebody has installed it, lists and restarts nothing.
                Service: { Environment: "NEEDRESTART_MODE=l", CPUWeight: "20", IOWeight: "20" },
              }),
            },
          ]
        : []),
    ],
    units: [
      { name: lists, want: "start", restartOn: [] },
      ...(security ? [{ name: upgrade, want: "start" as const, restartOn: [timer] }] : []),
    ],
  };
}
