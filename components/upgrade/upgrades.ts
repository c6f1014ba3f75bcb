import { z } from "zod";
import type { Host } from "../declaring.ts";
import { flag, text, texts } from "../inputs.ts";
import { behaviour, promise } from "../registry/fields/field-class.ts";
import type { Element } from "../registry/kind.ts";
import { daySchema, format, pastDay } from "../schema.ts";

/** Days of the week as systemd.time(7) calls them. */
const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** First hour of an upgrade night, in UTC, and the hours over which hosts spread. No night reaches the next one. */
export const night = { from: "02:00", hours: 3 } as const;

const own = {
  security: z
    .boolean()
    .describe(
      `Whether security upgrades of Debian are installed by themselves, at night: ${night.from} to ${night.hours + 2}:00 UTC, each host at a time of its own.`,
    ),
  reboot: z
    .boolean()
    .describe("Whether the host reboots at once when such an upgrade needs it, for example of the kernel."),
  asOf: pastDay(
    daySchema.describe(
      "Day of the last upgrade of all Debian packages. With another day than the last one, the next deploy upgrades them, language runtimes included, to the newest that the host's package sources have. Default: never, only security upgrades.",
    ),
  ).optional(),
};

/** `upgrades` in network.yaml: for every host that does not say otherwise. */
export const fleetUpgradesSchema = z
  .strictObject({
    ...own,
    security: own.security.default(true).describe(`${own.security.description} Default true.`),
    reboot: own.reboot.default(false).describe(`${own.reboot.description} Default false: somebody does it.`),
  })
  .prefault({})
  .describe("Upgrades of Debian packages.");

/** `upgrades` in a host's file. */
export const hostUpgradesSchema = z
  .strictObject({
    security: own.security.optional(),
    reboot: own.reboot.optional(),
    asOf: own.asOf,
    nights: format("days of the week such as [Mon, Thu]", (says) => z.array(z.enum(days, says)).min(1))
      .optional()
      .describe(
        "Nights of security upgrades. Default: sites take turns, so that no account's host and standby have the same night.",
      ),
  })
  .optional()
  .describe("Upgrades of Debian packages, each value instead of the one in network.yaml.");

/** What a host declares of its upgrades. */
export const upgradesInputs = z.strictObject({
  security: promise(flag).describe("Whether security upgrades are installed by themselves."),
  // A reboot takes accounts down, but that is what the field is for.
  reboot: behaviour(flag).describe("Whether the host reboots when an upgrade needs it."),
  nights: behaviour(texts)
    .exactOptional()
    .describe("Nights of security upgrades, days of the week, where the inventory says them."),
  asOf: behaviour(text).exactOptional().describe("Day of the last upgrade of all Debian packages."),
});

/** What a release that knows no upgrades is read as: a host gets them with the release. */
export const upgradesByDefault: z.output<typeof upgradesInputs> = { security: true, reboot: false };

export function upgradesOf(
  { upgrades = {} }: Pick<Host, "upgrades">,
  fleet: z.output<typeof fleetUpgradesSchema>,
): z.output<typeof upgradesInputs> {
  const { nights, asOf = fleet.asOf } = upgrades;
  return {
    security: upgrades.security ?? fleet.security,
    reboot: upgrades.reboot ?? fleet.reboot,
    ...(nights !== undefined && { nights: days.filter((day) => nights.includes(day)) }),
    ...(asOf !== undefined && { asOf }),
  };
}

/** The nights in which a host installs security upgrades, in the order of the week. */
export function nightsOfHost(
  { site, upgrades }: Pick<Element<"hosts">, "site" | "upgrades">,
  sites: readonly Pick<Element<"sites">, "name">[],
): readonly string[] {
  return upgrades.nights ?? nightsOf(site, [...new Set([site, ...sites.map(({ name }) => name)])]);
}

/**
 * Nights of a site: sites take turns through the week, so a standby, which is at another site, is never upgraded in the night of its
 * host. With more than seven sites some share nights; the rule `upgrade-nights-apart` finds pairs among them.
 */
export function nightsOf(site: string, sites: readonly string[]): string[] {
  const turns = Math.min(sites.length, days.length);
  const turn = [...sites].sort().indexOf(site) % turns;
  return days.filter((_day, index) => index % turns === turn);
}
