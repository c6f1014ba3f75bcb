import type * as pulumi from "@pulumi/pulumi";
import { Register } from "../components/account/register.ts";
import type { Declaration } from "../components/declaration.ts";
import { AddressRange } from "../components/network/address-range.ts";
import { Network } from "../components/network/network.ts";
import { Router } from "../components/network/router.ts";
import { Switch } from "../components/network/switch.ts";
import { Plan } from "../components/plan/plan.ts";
import { Datacenter } from "../components/site/site.ts";

/** Components of what hosts stand on: sites, network, plans, register. Every cell has them whole. */
export function places(declaration: Declaration): void {
  const sites = new Map<string, pulumi.Resource>();
  const networks: pulumi.Resource[] = [];
  const parentOf = (site: string) => ({ parent: sites.get(site)! });
  for (const site of declaration.sites) sites.set(site.name, new Datacenter(`site-${site.name}`, site));
  for (const network of declaration.networks) networks.push(new Network(`network-as${network.asNumber}`, network));
  for (const router of declaration.routers) new Router(`router-${router.name}`, router, parentOf(router.site));
  for (const device of declaration.switches) new Switch(`switch-${device.name}`, device, parentOf(device.site));
  for (const range of declaration.ranges) {
    const parent = range.site === undefined ? networks[0] : sites.get(range.site);
    new AddressRange(`range-${range.prefix}`, range, parent && { parent });
  }
  for (const register of declaration.registers) new Register("register", register);
  for (const plan of declaration.plans) new Plan(`plan-${plan.name}`, plan);
}
