import {
  copyFileSync,
  existsSync,
  globSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { requiredProviders } from "./language/packages.ts";
import { binDirectory, checkout, nodeBinary, pluginDirectory, pulumiHome } from "./paths.ts";

/** Quotes a word for a POSIX shell. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Text of a wrapper that replaces itself with Node running one of this project's programs, so that the engine's child is the plugin. */
export function wrapperText(node: string, program: string, ...args: string[]): string {
  return `#!/bin/sh\nexec ${[node, program, ...args].map(shellWord).join(" ")} "$@"\n`;
}

function writeExecutable(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o755 });
  renameSync(temporary, file);
}

/** Makes a hard link to a file, or a copy if both are on different file systems. */
function linkOrCopy(from: string, to: string): void {
  const source = statSync(from);
  const target = statSync(to, { throwIfNoEntry: false });
  if (target && (target.ino === source.ino || (target.size === source.size && target.mtimeMs >= source.mtimeMs)))
    return;
  mkdirSync(dirname(to), { recursive: true });
  const temporary = `${to}.${process.pid}`;
  rmSync(temporary, { force: true });
  try {
    linkSync(from, temporary);
  } catch {
    copyFileSync(from, temporary);
  }
  renameSync(temporary, to);
}

/**
 * Lays the built engine and everything it looks for in place for this checkout:
 * - beside the engine (a hard link, because the engine looks for its own plugins beside its real path) the language
 *   host, and the programs for policy packs and dynamic providers;
 * - in a Pulumi home of the checkout the providers, each under the version that the installed npm package wants, just
 *   as if they had been downloaded;
 * - the providers once more in a directory for PATH, for users who keep a PULUMI_HOME of their own.
 *
 * Does not rewrite files that are correct.
 *
 * @param engine directory that holds the built `pulumi`.
 */
export function installWrappers(engine: string): void {
  const program = (path: string) => join(checkout, "toolchain", path);
  linkOrCopy(join(engine, "pulumi"), join(binDirectory, "pulumi"));
  const wrap = (directory: string, name: string, path: string, ...args: string[]) =>
    writeExecutable(join(directory, name), wrapperText(nodeBinary(), program(path), ...args));
  wrap(binDirectory, "pulumi-language-nodejs", "language/main.ts");
  wrap(binDirectory, "pulumi-analyzer-policy", "plugins/sdk-plugin.ts", "run-policy-pack");
  wrap(binDirectory, "pulumi-resource-pulumi-nodejs", "plugins/sdk-plugin.ts", "dynamic-provider");
  const plugins = join(pulumiHome, "plugins");
  // The engine keeps what providers said of their resources; those of another release may say something else.
  for (const schema of globSync("schema-*.json", { cwd: plugins })) rmSync(join(plugins, schema), { force: true });
  for (const { name, version } of requiredProviders(checkout)) {
    const path = `providers/${name}.ts`;
    if (!existsSync(program(path))) continue;
    wrap(pluginDirectory, `pulumi-resource-${name}`, path);
    wrap(join(plugins, `resource-${name}-${version}`), `pulumi-resource-${name}`, path);
  }
}
