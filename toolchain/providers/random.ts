/** `pulumi-resource-random`: the part of Pulumi's random provider that this project uses. */
import { enableCompileCache } from "node:module";
import { compileCache } from "../paths.ts";

// Each run of the engine starts this program: the code that an earlier run compiled halves the time.
enableCompileCache(compileCache);
const [{ serve }, { randomProvider }] = await Promise.all([
  import("./serve.ts"),
  import("./random/random-provider.ts"),
]);
await serve(randomProvider());
