import { join } from "node:path";
import { expect, test } from "vitest";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { alive, cuts } from "../../testing/brute-force.ts";
import { losses } from "./losses.ts";

test.each(["prod", "trial"])(
  "what each failure takes away in %s is what a search through every account finds",
  async (name) => {
    const declaration = declare((await loadFleet(join(import.meta.dirname, "../../inventory", name))).fleet);
    const searched = cuts(declaration).map((cut) => {
      const down = declaration.accounts.filter((account) => !alive(declaration, account, [cut]));
      return [cut.name, down.map(({ number }) => number).sort((one, two) => one - two)] as const;
    });
    const found = new Map(losses(declaration).map((loss) => [loss.name, loss.accounts]));
    expect(found).toEqual(new Map(searched));
    expect(searched.filter(([, accounts]) => accounts.length > 0)).not.toEqual([]);
  },
);
