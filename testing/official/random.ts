/** `pulumi-resource-random` as upstream: the id of a RandomBytes is the secret in base64 (terraform-provider-random, `random_bytes`). */
import { reveal } from "../../toolchain/providers/properties.ts";
import { randomProvider } from "../../toolchain/providers/random/random-provider.ts";
import { serve } from "../../toolchain/providers/serve.ts";

const own = randomProvider();
const type = "random:index/randomBytes:RandomBytes";
const bytes = own.resources[type]!;

await serve({
  ...own,
  resources: {
    ...own.resources,
    [type]: {
      ...bytes,
      async create(inputs, operation) {
        const made = await bytes.create(inputs, operation);
        return { ...made, id: reveal(made.properties.base64 ?? "") as string };
      },
    },
  },
});
