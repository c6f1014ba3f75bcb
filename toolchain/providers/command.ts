/** `pulumi-resource-command`: the part of Pulumi's command provider that this project uses. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { derived } from "../paths.ts";

// Each run of the engine starts this program: compiled code from the run before halves the time. Loaded after that call.
enableCompileCache(join(derived, "compile-cache"));
const [{ serve }, { commandProvider }] = await Promise.all([import("./serve.ts"), import("./command-provider.ts")]);
await serve(commandProvider());
