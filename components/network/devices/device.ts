import { byKey, found } from "../../../lib/lists.ts";
import type { Declaring } from "../../declaring.ts";
import { type PowerSupplyInputs, placed, powerSupplies, text } from "../../inputs.ts";
import { redundancy } from "../../registry/fields/field-class.ts";
import type { Fleet } from "../../registry/files.generated.ts";

/** Inputs that routers and switches share. */
export const deviceInputs = {
  ...placed,
  manufacturer: redundancy(text).describe("Who made it."),
  model: redundancy(text).describe("Spare parts are counted by model."),
  pair: redundancy(text).exactOptional().describe("The other device of its pair."),
  powerSupplies,
};

type Device = Fleet["network"]["switches"][number] | Fleet["network"]["routers"][number];

/** Declares the {@link deviceInputs} of a router or switch. */
export function declareDevice(device: Device, { sites }: Pick<Declaring, "sites">) {
  return {
    name: device.name,
    site: device.site,
    hall: device.hall,
    rack: device.rack,
    manufacturer: device.manufacturer,
    model: device.model,
    ...(device.pair !== undefined && { pair: device.pair }),
    powerSupplies: feedsOf(device, sites),
  };
}

/** Power supplies with the feeds of their chains. */
export function feedsOf(
  { name: owner, site, hall, powerSupplies }: Pick<Device, "name" | "site" | "hall" | "powerSupplies">,
  sites: Declaring["sites"],
): PowerSupplyInputs[] {
  const halls = byKey(found(sites, site, `site of ${owner}`).halls, ({ name }) => name);
  const chains = byKey(found(halls, hall, `hall of ${owner}`).chains, ({ name }) => name);
  return powerSupplies.map(({ name, model, chain }) => ({
    name,
    model,
    chain,
    feed: found(chains, chain, `chain of ${owner}'s ${name}`).feed,
  }));
}
