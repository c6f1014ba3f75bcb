import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Modules of these packages that a program has loaded, without running anything. */
function loadedBy(provider: string, packages: readonly string[]): string[] {
  const script = `
    await import(${JSON.stringify(join(import.meta.dirname, "serve.ts"))});
    await import(${JSON.stringify(join(import.meta.dirname, provider))});
    console.log(Object.keys((await import("node:module")).default._cache).join("\\n"));
  `;
  const options = { encoding: "utf8", cwd: import.meta.dirname } as const;
  const files = execFileSync(process.execPath, ["--input-type=module", "-e", script], options).split("\n");
  return packages.filter((name) => files.some((file) => file.includes(`/node_modules/${name}/`)));
}

test("a provider starts without what only some runs need", () => {
  const late = ["ssh2", "bcryptjs", "@grpc/grpc-js", "zod", "typescript"];
  expect(loadedBy("command/command-provider.ts", late)).toEqual(["@grpc/grpc-js"]);
  expect(loadedBy("random/random-provider.ts", late)).toEqual(["@grpc/grpc-js"]);
});
