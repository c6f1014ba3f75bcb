/** `pulumi-resource-random`: the part of Pulumi's random provider that this project uses. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { derived } from "../paths.ts";

// Each run of the engine starts this program: compiled code from the run before halves the time. Loaded after that call.
enableCompileCache(join(derived, "compile-cache"));
const [{ serve }, { randomProvider }] = await Promise.all([import("./serve.ts"), import("./random-provider.ts")]);
await serve(randomProvider());
