import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startWithClient } from "../../../testing/fakes/providers/provider-client.ts";
import { isArchive, isAsset, type Properties, secret, unknownValue } from "../properties.ts";
import { commandProvider } from "./command-provider.ts";
import { selectFiles } from "./globs.ts";

const type = "command:local:Command";
let provider: Awaited<ReturnType<typeof startWithClient>>;
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "fairhost-local-"));
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(async () => {
  provider = await startWithClient(commandProvider());
});
afterEach(() => provider.close());

const create = (inputs: Properties) => provider.client.create(type, { dir, ...inputs }, { name: "job" });
const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: Error) => error.message,
  );

describe("local commands", () => {
  test("run with input, environment and directory", async () => {
    const made = await create({
      create: 'echo "$A $PWD"; cat; echo bad >&2',
      stdin: secret("in\n"),
      environment: { A: "1" },
    });
    expect(made.id).toMatch(/^job[0-9a-f]{8}$/);
    expect(made.properties).toMatchObject({ stdout: `1 ${dir}\nin`, stderr: "bad", stdin: secret("in\n") });
  });

  test("run with another interpreter", async () => {
    const made = await create({ interpreter: [process.execPath, "-e"], create: "console.log(6*7)" });
    expect(made.properties.stdout).toBe("42");
  });

  test("see previous outputs unless declined", async () => {
    const news = { dir, create: 'echo "[$PULUMI_COMMAND_STDOUT]"' };
    const state = { ...news, stdout: "before", stderr: "" };
    expect(await provider.client.update(type, state, news)).toMatchObject({ stdout: "[before]" });
    const declined = { ...news, addPreviousOutputInEnv: false };
    expect(await provider.client.update(type, state, declined)).toMatchObject({ stdout: "[]" });
  });

  test("that fail tell status and stderr, not their secrets", async () => {
    const stdin = secret("hunter2hunter2");
    const message = await messageOf(create({ create: "cat >&2; exit 5\n# second", stdin }));
    expect(message).toBe(
      "local command ended with status 5: `cat >&2; exit 5` and 1 more lines\nThe end of its stderr:\n[secret]",
    );
  });

  test("that cannot be run say why", async () => {
    expect(await messageOf(create({ create: "true", dir: "/nonexistent" }))).toMatch(/no directory \/nonexistent/);
    const state = { dir, create: "true", stdout: "x".repeat(3_000_000), stderr: "" };
    expect(await messageOf(provider.client.update(type, state, { dir, create: "true" }))).toMatch(
      /addPreviousOutputInEnv/,
    );
  });

  test("end when the run is cancelled", async () => {
    const running = messageOf(create({ create: "echo started; exec sleep 60" }));
    await expect.poll(() => provider.logged.map(({ message }) => message)).toContain("started");
    await provider.client.cancel();
    expect(await running).toMatch(/^local command was cancelled/);
  });

  test("delete runs delete with what was", async () => {
    const file = join(dir, "deleted");
    await provider.client.delete(type, {
      dir,
      delete: `echo "$PULUMI_COMMAND_STDOUT" > ${file}`,
      stdout: "was",
      stderr: "",
    });
    expect(readFileSync(file, "utf8")).toBe("was\n");
  });

  test("collect files as assets and as an archive", async () => {
    const inputs = { create: "printf abc > made.txt; printf no > made.skip", assetPaths: ["made.*", "!**.skip"] };
    const made = await create({ ...inputs, archivePaths: ["made.txt"] });
    const assets = made.properties.assets as Properties;
    expect(Object.keys(assets)).toEqual(["made.txt"]);
    expect(isAsset(assets["made.txt"])).toBe(true);
    const hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(assets["made.txt"]).toMatchObject({ path: join(dir, "made.txt"), hash });
    expect(isArchive(made.properties.archive)).toBe(true);
    const preview = await provider.client.create(type, { dir, ...inputs }, { preview: true });
    expect(preview.properties).toMatchObject({ stdout: unknownValue, assets: unknownValue });
  });
});

test("patterns select as upstream documents it", async () => {
  const root = join(dir, "glob");
  for (const folder of ["assets/logos", "src/deep"]) mkdirSync(join(root, folder), { recursive: true });
  const files = ["assets/logos/logo.svg", "src/deep/index.js", "src/secret.js", "src/a,b.ts", "x1.txt", "x2.txt"];
  for (const file of files) writeFileSync(join(root, file), "");
  const select = (...patterns: string[]) => selectFiles(root, patterns);
  expect(await select("assets/**", "src/**.js", "!**secret.*")).toEqual(["assets/logos/logo.svg", "src/deep/index.js"]);
  expect(await select("*")).toEqual(["x1.txt", "x2.txt"]);
  expect(await select("x?.txt", "!x[!1].txt")).toEqual(["x1.txt"]);
  expect(await select("src/{secret,deep/index}.js")).toEqual(["src/deep/index.js", "src/secret.js"]);
  expect(await select("src/a,b.ts", "src/s.*")).toEqual(["src/a,b.ts"]);
});
