/** `pulumi-resource-command`: the part of Pulumi's command provider that this project uses. */
import { enableCompileCache } from "node:module";
import { compileCache } from "../paths.ts";

// Each run of the engine starts this program: the code that an earlier run compiled halves the time.
enableCompileCache(compileCache);
const [{ serve }, { commandProvider }] = await Promise.all([
  import("./serve.ts"),
  import("./command/command-provider.ts"),
]);
await serve(commandProvider());
