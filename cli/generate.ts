import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { checkout } from "../toolchain/paths.ts";
import { run, withAction } from "./exit-status.ts";
import { references } from "./generate/references.ts";
import { registries } from "./generate/registries.ts";

/** Text of every generated file by its path, relative to the checkout. A test fails if one is outdated. */
export async function generated(): Promise<Map<string, string>> {
  return new Map([...(await registries()), ...(await references())]);
}

/** Writes the files whose text differs. @returns their paths */
function write(files: ReadonlyMap<string, string>): string[] {
  const stale = [...files].filter(([file, text]) => textOf(file) !== text);
  for (const [file, text] of stale) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    writeFileSync(join(checkout, file), text);
  }
  return stale.map(([file]) => file);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(join(checkout, file), "utf8");
  } catch {
    return undefined;
  }
}

/** `npm run generate`: everything that is generated from the source and checked in. */
const generateCommand = withAction(
  new Command("generate").description("Writes all generated files: registries, JSON Schemas, reference pages."),
  [],
  async () => {
    // Registries first, one by one: the other files import them, and an old registry may name removed files.
    const written: string[] = [];
    await registries((file, text) => written.push(...write(new Map([[file, text]]))));
    written.push(...write(await references()));
    console.log(written.length === 0 ? "Up to date." : `Written: ${written.join(", ")}`);
  },
);

if (import.meta.main) await run(generateCommand);
