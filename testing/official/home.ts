import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { requiredProviders } from "../../toolchain/language/packages.ts";
import { checkout, nodeBinary } from "../../toolchain/paths.ts";
import { wrapperText } from "../../toolchain/wrappers.ts";

/**
 * A Pulumi home whose providers behave as the official ones where this project's own are stricter: see command.ts and random.ts.
 * @returns environment variables that make the engine use them
 */
export function officialHome(directory: string): NodeJS.ProcessEnv {
  for (const { name, version } of requiredProviders(checkout)) {
    const folder = join(directory, "plugins", `resource-${name}-${version}`);
    mkdirSync(folder, { recursive: true });
    const program = join(checkout, "testing/official", `${name}.ts`);
    writeFileSync(join(folder, `pulumi-resource-${name}`), wrapperText(nodeBinary(), program), { mode: 0o755 });
  }
  // With a home of the user's, this project's own providers are on PATH.
  return { PULUMI_HOME: directory, PULUMI_IGNORE_AMBIENT_PLUGINS: "true" };
}
