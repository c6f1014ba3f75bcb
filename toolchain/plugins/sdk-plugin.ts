/**
 * `pulumi-analyzer-policy` and `pulumi-resource-pulumi-nodejs`: run a policy pack, or dynamic providers, with the SDK
 * that is installed where the engine starts us. The official scripts do the same in shell; this saves a start of Node
 * and ends itself when the engine is killed.
 *
 * First argument: the SDK's module to run (`run-policy-pack` or `dynamic-provider`); the rest is for that module.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { followEngine } from "../system/parent.ts";

followEngine();
const specifier = `@pulumi/pulumi/cmd/${process.argv[2]}`;
const require = createRequire(join(process.cwd(), "package.json"));
let script: string | undefined;
try {
  script = require.resolve(specifier);
} catch {
  // The engine looks for these very words to tell the user to install the pack's packages.
  console.error(`Cannot find module '${specifier}' from ${process.cwd()}`);
  process.exit(1);
}
process.argv.splice(1, 2, script);
require(script);
