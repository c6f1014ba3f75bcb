import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { renderBundle } from "../components/remote/render-bundle.ts";
import { loadBootstrap } from "../host/bootstrap.ts";
import { declare } from "../inventory/allocate.ts";
import { loadFleet } from "../inventory/load.ts";
import { judgeDeclaration } from "../policies/check-declaration.ts";
import { rules } from "../policies/rules.ts";
import { guardRules } from "./guard-rules.ts";
import { review } from "./review.ts";
import type { Side } from "./side.ts";

/** What one version of the program makes of an inventory: how it reads, declares, renders and judges it. */
export interface Program extends Pick<Side, "render" | "judge"> {
  readonly loadFleet: typeof loadFleet;
  readonly declare: typeof declare;
  /** Names of its rules, the guard's own too: nobody takes one away unseen. */
  readonly rules: readonly string[];
  /** Its own guard, if it has one. */
  readonly review?: typeof review;
  /** SHA-256 of what its bootstrap brings to a host: the applier and how it is installed. */
  readonly applier: () => Promise<string>;
}

/** This very program. */
export const ownProgram: Program = {
  loadFleet,
  declare,
  render: renderBundle,
  judge: judgeDeclaration,
  review,
  rules: [...rules, ...guardRules].map(({ name }) => name),
  applier: () => digestOf(loadBootstrap),
};

/**
 * The program whose files lie in `root`, which has to be inside this checkout: Node.js looks for packages upwards from there.
 * @throws Error if a file or a function of it is missing, or it cannot be loaded
 */
export async function programAt(root: string): Promise<Program> {
  const at = async <T>(file: string, name: string): Promise<T> => {
    const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(join(root, file)).href);
    if (module[name] === undefined) throw new Error(`${file} has no ${name}`);
    return module[name] as T;
  };
  const named = async (file: string, name: string) =>
    (await at<readonly { name: string }[]>(file, name)).map((each) => each.name);
  // A program from before there was a guard has none to lose.
  const guard = existsSync(join(root, "guard/review.ts"))
    ? {
        rules: await named("guard/guard-rules.ts", "guardRules"),
        review: await at<typeof review>("guard/review.ts", "review"),
      }
    : undefined;
  const bootstrap = await at<typeof loadBootstrap>("host/bootstrap.ts", "loadBootstrap");
  return {
    loadFleet: await at("inventory/load.ts", "loadFleet"),
    declare: await at("inventory/allocate.ts", "declare"),
    render: await at("components/remote/render-bundle.ts", "renderBundle"),
    judge: await at("policies/check-declaration.ts", "judgeDeclaration"),
    rules: [...(await named("policies/rules.ts", "rules")), ...(guard?.rules ?? [])],
    ...(guard && { review: guard.review }),
    applier: () => digestOf(bootstrap),
  };
}

async function digestOf(load: typeof loadBootstrap): Promise<string> {
  // The release is part of the host's declaration, not of the program.
  const { script, payload } = (await load()).for("any", 0);
  return createHash("sha256").update(script).update(payload).digest("hex");
}
