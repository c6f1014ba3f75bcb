import { devicesOf } from "../../components/network/devices/devices.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { emulatedSites } from "../../components/site/places.ts";

/** Number of parts in use for which one spare part is needed. */
const forEach = 20;

export const spareParts = defineRule({
  name: "spare-parts",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description: `Every site has at least one spare part for each model of disk, power supply, router and switch, and one for every ${forEach} in use there.`,
  reason:
    "Until a failed part is replaced, the next failure is an outage, and a part that must be ordered takes days to arrive.",
  fix: "Put the part on the shelf and count it under `spares` of the site.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const deployed = deployedBySite(declaration);
    for (const site of declaration.sites) {
      if (emulated.has(site.name)) continue;
      const spares = new Map<string, number>();
      for (const { model, count } of site.spares) spares.set(model, (spares.get(model) ?? 0) + count);
      for (const [model, { what, count }] of deployed.get(site.name) ?? []) {
        const least = Math.max(1, Math.ceil(count / forEach));
        const there = spares.get(model) ?? 0;
        if (there >= least) continue;
        yield {
          subject: subject.site(site, "spares"),
          message: `Site ${site.name} has ${there} spare parts for ${what} ${model}, but needs ${least} for ${count} in use.`,
        };
      }
    }
  },
});

type Models = Map<string, { readonly what: string; readonly count: number }>;

function deployedBySite(declaration: Declaration): Map<string, Models> {
  const sites = new Map<string, Models>();
  const add = (site: string, what: string, model: string) => {
    const models = sites.get(site) ?? new Map();
    sites.set(site, models.set(model, { what, count: (models.get(model)?.count ?? 0) + 1 }));
  };
  for (const host of declaration.hosts) {
    for (const disk of host.disks) add(host.site, "disk", disk.model);
    for (const supply of host.powerSupplies) add(host.site, "power supply", supply.model);
  }
  for (const { device, word } of devicesOf(declaration)) {
    add(device.site, word, device.model);
    for (const supply of device.powerSupplies) add(device.site, "power supply", supply.model);
  }
  return sites;
}
