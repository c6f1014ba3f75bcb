import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { checkout } from "../toolchain/paths.ts";
import { registries } from "./generate/registries.ts";

/** Generated files whose text is not what it should be: path and text, relative to the checkout. */
async function stale(files: ReadonlyMap<string, string>): Promise<[string, string][]> {
  return [...files].filter(([file, text]) => read(join(checkout, file)) !== text);
}

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
  const wrong = await stale(await registries());
  if (!check) for (const [file, text] of wrong) writeFileSync(join(checkout, file), text);
  const names = wrong.map(([file]) => file).join(", ");
  if (wrong.length === 0) console.log("Up to date.");
  else if (!check) console.log(`Written: ${names}`);
  else {
    console.error(`Stale: ${names}\nFix: npm run generate`);
    process.exitCode = 1;
  }
}
