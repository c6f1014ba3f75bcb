import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findGo } from "./engine.ts";
import { engineVersion } from "./paths.ts";
import { setupToolchain } from "./setup.ts";
import { foreignEnv } from "./system/official.ts";

const { kind } = await setupToolchain();
let cache: string;
let compiled: string;
beforeAll(async () => {
  if (kind === "built") compiled = (await execa(await findGo(), ["env", "GOCACHE"])).stdout;
});
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "fairhost-cache-"));
});
afterEach(() => rmSync(cache, { recursive: true }));

/** Builds the engine into a cache of the test's own, in another process, which reports its progress line by line. */
function build(env: NodeJS.ProcessEnv = {}) {
  const program = `import { ensureEngine } from "${import.meta.dirname}/engine.ts";
    try { console.log("built " + await ensureEngine(console.log)); }
    catch (error) { console.error(error.name + ": " + error.message); process.exit(1); }`;
  return execa(process.execPath, ["--input-type=module-typescript", "-e", program], {
    env: { ...foreignEnv(process.env), XDG_CACHE_HOME: cache, GOCACHE: compiled, ...env },
    extendEnv: false,
    all: true,
    reject: false,
  });
}

const toolchain = () => join(cache, "fairhost", "toolchain");
const engines = () => readdirSync(toolchain()).filter((name) => existsSync(join(toolchain(), name, "pulumi")));

// Go keeps what setup has compiled, so these builds mostly link. An official Pulumi needs none of this.
describe.skipIf(kind === "official")("building the engine", () => {
  it("survives kill -9 half way, and two builds at once make one", async () => {
    const killed = build();
    for await (const line of killed) if (String(line).startsWith("compiling")) killed.kill("SIGKILL");
    expect(engines().filter((name) => !name.endsWith(".partial"))).toEqual([]);

    const both = await Promise.all([build(), build()]);
    for (const one of both) expect(one).toMatchObject({ exitCode: 0 });
    expect(both.filter((one) => one.all.includes("compiling"))).toHaveLength(1);
    expect(engines()).toHaveLength(1);
    const [engine] = engines();
    const version = await execa(join(toolchain(), engine!, "pulumi"), ["version"], { env: foreignEnv(process.env) });
    expect(version.stdout).toBe(`v${engineVersion()}`);
  });

  it("shows what Go said when modules cannot be had, and leaves nothing", async () => {
    const env = { GOPROXY: "off", GOMODCACHE: join(cache, "modules") };
    const result = await build(env);
    expect(result.exitCode).toBe(1);
    expect(result.all).toContain("module lookup disabled by GOPROXY=off");
    expect(result.all).toContain("3 GB of free disk");
    expect(engines()).toEqual([]);
  });
});
