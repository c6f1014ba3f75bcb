import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { Command } from "commander";
import { deliveredRouters } from "../components/network/router-systems/delivered-routers.ts";
import {
  routerPlans,
  tooLong,
  withoutIpv4,
  withoutSessions,
} from "../components/network/router-systems/router-plan.ts";
import type { RouterFile } from "../components/network/router-systems/router-system.ts";
import { routerSystems } from "../components/network/router-systems/router-systems.generated.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { loadBootstrap } from "../delivery/bootstrap.ts";
import { renderRouterBundle, routerDelivery } from "../delivery/render-router-bundle.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { run, withAction } from "./exit-status.ts";

/** The configuration of one router. */
interface Configuration {
  readonly router: string;
  readonly manufacturer: string;
  /** Where it belongs on the router. */
  readonly file: string;
  /** Whether tests of Fairhost run such a router; otherwise nobody has loaded the text yet. */
  readonly tried: boolean;
  readonly text: string;
  /** What the router needs beside it. */
  readonly others: readonly RouterFile[];
}

/** Configurations of all routers that Fairhost can write, and one sentence about each thing that is missing. */
export function routerConfigurations(declaration: Declaration): {
  readonly configurations: readonly Configuration[];
  readonly missing: readonly string[];
} {
  const manufacturers = new Map(declaration.routers.map(({ name, manufacturer }) => [name, manufacturer]));
  const missing = [...withoutSessions(declaration), ...withoutIpv4(declaration), ...tooLong(declaration)];
  const configurations = routerPlans(declaration).flatMap((plan): Configuration[] => {
    const manufacturer = manufacturers.get(plan.name)!;
    const system = routerSystems.find((each) => each.manufacturer === manufacturer);
    if (system === undefined) {
      const known = routerSystems.map((each) => each.manufacturer).join(", ");
      missing.push(
        `Router ${plan.name} is made by ${manufacturer}, whose configuration Fairhost cannot write (known: ${known}).`,
      );
      return [];
    }
    const { file, tried } = system;
    return [{ router: plan.name, manufacturer, file, tried, text: system.render(plan), others: system.others(plan) }];
  });
  return { configurations, missing };
}

/** Files of routers' configurations, by their paths in the directory of `--write`. */
export const writtenFiles = (configurations: readonly Configuration[]): ReadonlyMap<string, string> =>
  new Map(
    configurations.flatMap(({ router, text, others }) => [
      [`${router}.conf`, text] as const,
      ...others.map(({ path, content }) => [`${router}${path}`, content] as const),
    ]),
  );

/** What two SSH commands bring to each router that the applier can serve, by its path in the directory of `--deliveries`. */
async function deliveryFiles(declaration: Declaration): Promise<ReadonlyMap<string, string>> {
  const bootstrap = await loadBootstrap();
  const plans = routerPlans(declaration);
  return new Map(
    deliveredRouters(declaration).flatMap((router) => {
      const { script, payload } = bootstrap.forRouter(router, 0);
      const plan = plans.find(({ name }) => name === router.name)!;
      return [
        ["bootstrap.sh", script],
        [`${router.name}.bootstrap`, payload],
        [`${router.name}.delivery`, routerDelivery(renderRouterBundle(router, plan))],
      ] as const;
    }),
  );
}

/** Whether a path is of the form that this command writes. */
const isOfRouter = (path: string) => /^[^/]+(?:\.(?:conf|bootstrap|delivery)$|\/etc\/)/.test(path);

/**
 * Writes files into a directory.
 * @returns one sentence about each file there that an earlier run can have written, for a router or a port that is called otherwise now:
 * whoever copied the directory would set up both
 */
export async function writeInto(directory: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  for (const [path, content] of files) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  const all = await readdir(directory, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => isOfRouter(path) && !files.has(path))
    .sort()
    .map(
      (path) =>
        `${join(directory, path)} is not of a router as the fleet is now. Delete it, so that nobody copies it to one.`,
    );
}

/** `npm run routers`: the configuration of routers. */
const routersCommand = withAction(
  new Command("routers")
    .description(
      "Prints the configuration of a fleet's routers: sessions, filters, failure detection, and interfaces if the inventory names their ports. Does not contact them.",
    )
    .argument("<directory>", "the fleet's directory, for example inventory/trial")
    .option(
      "--write <directory>",
      "write <router>.conf for each router into this directory instead, and what it needs beside into <router>/ by its path there",
    )
    .option(
      "--deliveries <directory>",
      "write what brings its files to each router that runs BIRD or FRR, over SSH: bootstrap.sh with the standard input <router>.bootstrap, and <router>.delivery for `fairhost-host apply` there",
    )
    .option("--json", "print one JSON document for programs"),
  ["blocked"],
  async (
    directory: string,
    { write, deliveries, json = false }: { write?: string; deliveries?: string; json?: boolean },
  ) => {
    const declaration = declare((await loadFleet(directory)).fleet);
    const found = routerConfigurations(declaration);
    // Both may be one directory.
    const wanted = new Map<string, ReadonlyMap<string, string>>();
    const add = (into: string, files: ReadonlyMap<string, string>) =>
      wanted.set(resolve(into), new Map([...(wanted.get(resolve(into)) ?? []), ...files]));
    if (write !== undefined) add(write, writtenFiles(found.configurations));
    if (deliveries !== undefined) add(deliveries, await deliveryFiles(declaration));
    const left: string[] = [];
    for (const [into, files] of wanted) left.push(...(await writeInto(into, files)));
    if (json) console.log(JSON.stringify(found, undefined, 2));
    if (!json && write === undefined && deliveries === undefined) {
      for (const { text, others } of found.configurations)
        console.log([text, ...others.map(({ path, content }) => `# ${path}\n${content}`)].join("\n"));
    }
    for (const sentence of [...(json ? [] : found.missing), ...left]) console.error(sentence);
    return found.missing.length + left.length === 0 ? "done" : "blocked";
  },
);

if (import.meta.main) await run(routersCommand);
