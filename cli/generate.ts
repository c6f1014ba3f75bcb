import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { checkout } from "../toolchain/paths.ts";
import { registries } from "./generate/registries.ts";

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const { check } = new Command("generate")
    .description("Writes what follows from the source: registries, JSON Schemas, reference pages.")
    .option("--check", "write nothing; exit with 1 if a file is stale")
    .parse()
    .opts<{ check?: true }>();
  const stale: string[] = [];
  const write = (file: string, text: string) => {
    if (read(join(checkout, file)) === text) return;
    stale.push(file);
    if (!check) writeFileSync(join(checkout, file), text);
  };
  await registries(write);
  // Imported late: it reads the registries.
  const { componentsReference } = await import("../fleet/reference/components.ts");
  write("docs/reference/components.md", componentsReference());
  if (stale.length === 0) console.log("Up to date.");
  else if (!check) console.log(`Written: ${stale.join(", ")}`);
  else {
    console.error(`Stale: ${stale.join(", ")}\nFix: npm run generate`);
    process.exitCode = 1;
  }
}
