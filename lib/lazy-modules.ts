import Module, { createRequire } from "node:module";

/**
 * What the Node.js SDK loads at its start to turn functions into text and to run the engine itself. Neither program nor pack does
 * so: put off until something touches it, which nothing does, it spares each start of either about 0.2 s (measured).
 */
const untouched = ["@npmcli/arborist", "typescript", "normalize-package-data", "execa"];

/** @returns the modules that were put off; one that is loaded already, or not to be found, is left alone. */
export function putOff(names: readonly string[], require: NodeJS.Require): string[] {
  return names.filter((name) => {
    let path: string;
    try {
      path = require.resolve(name);
    } catch {
      return false;
    }
    if (require.cache[path]) return false;
    const stand = new Module(path);
    let loaded: Record<string | symbol, unknown> | undefined;
    const real = () => {
      if (require.cache[path] === stand) delete require.cache[path];
      loaded ??= require(path) as Record<string | symbol, unknown>;
      return loaded;
    };
    const get = (_: object, key: string | symbol) => {
      // Answered without a look: the SDK's compiled imports ask it of whatever they load.
      if (key === "__esModule") return true;
      return key === "default" ? (real().default ?? real()) : real()[key];
    };
    Object.assign(stand, {
      filename: path,
      loaded: true,
      exports: new Proxy({}, { get, has: (_, key) => key in real() }),
    });
    require.cache[path] = stand;
    return true;
  });
}

putOff(untouched, createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi")));
