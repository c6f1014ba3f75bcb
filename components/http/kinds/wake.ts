import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/**
 * What it takes until a sleeping server serves, with the smallest program that answers. `npm run bench:wake` measures it and writes it into
 * `wake.json`. Times are multiples of a reference start, `node -e 0` on the same machine at the same time, so they hold on other machines.
 */
const schema = z.strictObject({
  /** CPU time of all that runs for it on the host, in reference starts. */
  cpu: z.number().positive(),
  /** Time until the first answer while nothing else runs, in reference starts. */
  wall: z.number().positive(),
  /** Most memory of its processes at one time until then, in MiB. */
  memoryMb: z.number().positive(),
});

export type Wake = z.infer<typeof schema>;

/** CPU seconds that a reference start takes on a host: so much the rules expect of its cores. */
export const referenceSeconds = 0.2;

/** @throws if the folder has no valid `wake.json`: nobody could say whether a host with such servers comes up in time */
export function wakeOf(directory: string): Wake {
  const file = join(directory, "wake.json");
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`${file} must have what a start takes: run npm run bench:wake`, { cause: error });
  }
}
