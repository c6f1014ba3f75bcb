import { Command, Option } from "commander";
import { addressPlan, csv, type PlannedAddress, table } from "../fleet/addresses.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { run, withAction } from "./exit-status.ts";

const formats = {
  table,
  csv,
  json: (plan: readonly PlannedAddress[]) => `${JSON.stringify(plan, undefined, 2)}\n`,
};

/** `npm run addresses`: a fleet's address plan. */
const addressesCommand = withAction(
  new Command("addresses")
    .description(
      "Lists all ranges and addresses of a fleet: who has which, and what is free. Reads only the inventory.",
    )
    .argument("<directory>", "the fleet's directory, for example inventory/lab")
    .addOption(new Option("--format <format>", "how to print it").choices(Object.keys(formats)).default("table")),
  ["blocked"],
  async (directory: string, { format }: { format: keyof typeof formats }) => {
    const { fleet } = await loadFleet(directory);
    process.stdout.write(formats[format](addressPlan(declare(fleet))));
  },
);

if (import.meta.main) await run(addressesCommand);
