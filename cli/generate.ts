import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { checkout } from "../toolchain/paths.ts";
import { run, withAction } from "./exit-status.ts";
import { references } from "./generate/references.ts";
import { registries } from "./generate/registries.ts";

/** Text of every generated file by its path, relative to the checkout. A test says whether one is stale. */
export async function generated(): Promise<Map<string, string>> {
  return new Map([...(await registries()), ...(await references())]);
}

/** Writes the files whose text is another one. @returns their paths */
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

/** `npm run generate`: everything that follows from the source and is checked in. */
const generateCommand = withAction(
  new Command("generate").description(
    "Writes what follows from the source: registries, JSON Schemas, reference pages.",
  ),
  [],
  async () => {
    // Registries first, one by one: what comes later imports them, and an old one may name files that are gone.
    const written: string[] = [];
    await registries((file, text) => written.push(...write(new Map([[file, text]]))));
    written.push(...write(await references()));
    console.log(written.length === 0 ? "Up to date." : `Written: ${written.join(", ")}`);
  },
);

if (import.meta.main) await run(generateCommand);
