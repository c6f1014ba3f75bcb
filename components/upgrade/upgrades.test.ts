import { expect, test } from "vitest";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { renderUpgrades } from "./render-upgrades.ts";
import { fleetUpgradesSchema, hostUpgradesSchema, nightsOf, nightsOfHost, upgradesOf } from "./upgrades.ts";

const sites = (count: number) => Array.from({ length: count }, (_, index) => `site-${String.fromCharCode(97 + index)}`);

test("sites take turns: up to seven have no night in common, and each night is somebody's", () => {
  for (let count = 1; count <= 7; count++) {
    const all = sites(count).flatMap((site) => nightsOf(site, sites(count)));
    expect([...all].sort()).toEqual(["Fri", "Mon", "Sat", "Sun", "Thu", "Tue", "Wed"]);
  }
  for (const site of sites(30)) expect(nightsOf(site, sites(30))).toHaveLength(1);
});

test("the order of the sites does not matter", () => {
  expect(nightsOf("site-b", [...sites(3)].reverse())).toEqual(nightsOf("site-b", sites(3)));
});

test("a host says each value for itself, the fleet the rest; by default there are security upgrades and no reboots", () => {
  const fleet = fleetUpgradesSchema.parse(undefined);
  const declared = (upgrades: unknown) => upgradesOf({ upgrades: hostUpgradesSchema.parse(upgrades) }, fleet);
  expect(declared(undefined)).toEqual({ security: true, reboot: false });
  expect(declared({ security: false, asOf: "2026-11-27" })).toMatchObject({ security: false, asOf: "2026-11-27" });
  expect(declared({ nights: ["Sun", "Mon"], reboot: true })).toEqual({
    security: true,
    reboot: true,
    nights: ["Mon", "Sun"],
  });
  expect(() => declared({ nights: ["Someday"] })).toThrow("must be days of the week such as [Mon, Thu]");
});

test("no host of the example fleet has a night of the standby of one of its accounts", async () => {
  const { fleet } = await loadFleet("inventory/prod");
  const { hosts, accounts, sites } = declare(fleet);
  const of = new Map(hosts.map((host) => [host.name, nightsOfHost(host, sites)]));
  const pairs = accounts.filter(({ standby }) => standby !== undefined);
  expect(pairs.length).toBeGreaterThan(1);
  for (const { host, standby } of pairs) {
    expect(of.get(host)!.filter((night) => of.get(standby!)!.includes(night))).toEqual([]);
  }
});

test("without security upgrades apt installs nothing by itself, but goes on reading its lists", () => {
  const { files, units } = renderUpgrades({ site: "a", upgrades: { security: false, reboot: false } }, []);
  expect(units.map(({ name }) => name)).toEqual(["apt-daily.timer"]);
  expect(files.map(({ path }) => path)).toEqual(["apt/fairhost.conf", "systemd/timers.target.wants/apt-daily.timer"]);
  expect(files[0]!.content).toContain('APT::Periodic::Unattended-Upgrade "0";');
  expect(files[0]!.content).toContain('APT::Periodic::Update-Package-Lists "1";');
});

test("with them the timer alone says when, in UTC, and makes up for no missed night", () => {
  const { files } = renderUpgrades(
    { site: "a", upgrades: { security: true, reboot: true, nights: ["Mon", "Thu"] } },
    [],
  );
  const text = (end: string) => files.find(({ path }) => path.endsWith(end))?.content;
  expect(text(".timer.d/50-fairhost.conf")).toBe(
    `[Timer]
OnCalendar=
OnCalendar=Mon,Thu *-*-* 02:00:00 UTC
RandomizedDelaySec=3h
FixedRandomDelay=yes
Persistent=no
`,
  );
  expect(text("fairhost.conf")).toMatch(/Unattended-Upgrade "always";[\s\S]*Automatic-Reboot "true";/);
});
