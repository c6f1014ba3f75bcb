import { chmodSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ToyProject, toyPack, toyProgram } from "../../testing/projects/toy-project.ts";
import { checkout, nodeBinary } from "../paths.ts";
import { setupToolchain } from "../setup.ts";
import { wrapperText } from "../wrappers.ts";

/**
 * Engines after 3.200 start policy packs in Node.js by the language host's RunPlugin. Engine 3.200 does the same for packs in any other
 * language, so here this language host has another name.
 */
let toy: ToyProject;
const { kind } = await setupToolchain();

beforeAll(async () => {
  const host = wrapperText(nodeBinary(), join(checkout, "toolchain/language/main.ts"));
  toy = new ToyProject(
    {
      ...toyPack,
      ...{ "index.ts": toyProgram.replace(/.*password.*/, ""), "bin/pulumi-language-renamed": host },
      "policies/PulumiPolicy.yaml": "runtime: renamed\nversion: 0.0.1\n",
      "policies/pack.ts": `import { Config, getStack } from "@pulumi/pulumi";
const limit = new Config("toy").requireNumber("limit");
const stack = getStack();
${toyPack["policies/pack.ts"]!.replace("> 5", "> limit").replace('": lower it"', '": lower it in " + stack')}`,
    },
    { PULUMI_IGNORE_AMBIENT_PLUGINS: "false" },
  );
  chmodSync(join(toy.directory, "bin/pulumi-language-renamed"), 0o755);
  toy.env.PATH = `${join(toy.directory, "bin")}${delimiter}${toy.env.PATH}`;
  expect(await toy.pulumi("stack", "init", "test")).toMatchObject({ exitCode: 0 });
}, 600_000);

afterAll(() => toy?.[Symbol.dispose]());

test.skipIf(kind === "official")(
  "a policy pack that the engine starts by RunPlugin judges, with the stack and the configuration of the update",
  async () => {
    const config = ["--config", "n=4", "--config", "limit=3"];
    const refused = await toy.pulumi("preview", "--policy-pack", "policies", ...config);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("n is 4: lower it in test");
  },
);
