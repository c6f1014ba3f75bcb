import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWithClient } from "../../testing/fakes/providers/provider-client.ts";
import { commandProvider } from "./command/command-provider.ts";
import { compareProperties, rootOf } from "./diff.ts";
import { fileAsset, type Properties, secret, unknownValue } from "./properties.ts";

const paths = (before: Properties, after: Properties) => Object.fromEntries(compareProperties(before, after));

describe("compareProperties", () => {
  test("goes into objects and arrays, not into secrets", () => {
    const before = { a: { b: [1, 2, 3], "x.y": 1, 'q"': 1 }, s: secret({ host: "a" }), same: [{}] };
    const after = { a: { b: [1, 5], "x.y": 2, 'q"': 2 }, s: secret({ host: "b" }), same: [{}], more: true };
    expect(paths(before, after)).toEqual({
      "a.b[1]": "update",
      "a.b[2]": "delete",
      'a["x.y"]': "update",
      'a["q\\""]': "update",
      s: "update",
      more: "add",
    });
  });

  test("equal secrets are equal; secret and public are not; unknown differs", () => {
    expect(paths({ a: secret("x") }, { a: secret("x") })).toEqual({});
    expect(paths({ a: secret("x") }, { a: "x" })).toEqual({ a: "update" });
    expect(paths({ a: "x" }, { a: unknownValue })).toEqual({ a: "update" });
  });

  test("assets are compared by content", () => {
    expect(paths({ a: fileAsset("/one", "h1") }, { a: fileAsset("/two", "h1") })).toEqual({});
    expect(paths({ a: fileAsset("/one", "h1") }, { a: fileAsset("/one", "h2") })).toEqual({ a: "update" });
  });

  test.each([
    ["a", "a"],
    ["a[0].b", "a"],
    ["a.b", "a"],
    ['["x.y"].z', "x.y"],
  ])("%s is in %s", (path, root) => {
    expect(rootOf(path)).toBe(root);
  });
});

describe("commands", () => {
  let provider: Awaited<ReturnType<typeof startWithClient>>;
  beforeAll(async () => {
    provider = await startWithClient(commandProvider());
  });
  afterAll(() => provider.close());
  const base = { connection: secret({ host: "a" }), create: "c", triggers: ["1", "2"] };
  const diff = (changed: Properties) => provider.client.diff("command:remote:Command", base, { ...base, ...changed });

  test.each([
    ["create", "d", "create", "UPDATE"],
    ["update", "d", "update", "ADD"],
    ["stdin", secret("x"), "stdin", "ADD"],
    ["environment", { A: "1" }, "environment", "ADD"],
    ["connection", secret({ host: "b" }), "connection", "UPDATE"],
  ])("a changed %s updates", async (name, value, path, kind) => {
    const found = await diff({ [name]: value } as Properties);
    expect(found).toEqual({ changes: true, replaces: [], diffs: [name], detailed: { [path]: kind } });
  });

  test.each([
    [["1", "3"], { "triggers[1]": "UPDATE_REPLACE" }],
    [["1"], { "triggers[1]": "DELETE_REPLACE" }],
    [["1", "2", "3"], { "triggers[2]": "ADD_REPLACE" }],
    [["1", unknownValue], { "triggers[1]": "UPDATE_REPLACE" }],
  ])("triggers %j replace", async (triggers, detailed) => {
    expect(await diff({ triggers })).toEqual({ changes: true, replaces: ["triggers"], diffs: ["triggers"], detailed });
  });

  test("nothing changed is nothing, whatever the outputs are", async () => {
    const found = await provider.client.diff("command:remote:Command", base, base, { ...base, stdout: "x" });
    expect(found).toEqual({ changes: false, replaces: [], diffs: [], detailed: {} });
  });

  test("check fills in upstream's defaults, marks secrets, and names every fault", async () => {
    const connection = { host: "h", hostKey: "k", password: "p" };
    const { inputs, failures } = await provider.client.check("command:remote:Command", { connection, create: "c" });
    const defaults = { dialErrorLimit: 10, perDialTimeout: 15, port: 22, user: "root" };
    expect(failures).toEqual([]);
    expect(inputs).toEqual({ connection: secret({ ...connection, ...defaults, password: secret("p") }), create: "c" });
    const bad = { connection: { port: "22" }, logging: "all", environment: { A: 1 }, crate: "c", interpreter: [] };
    const found = await provider.client.check("command:remote:Command", bad as Properties);
    expect(found.failures.sort()).toEqual([
      "connection.host: required, but not given",
      "connection.port: must be a number, not a string",
      expect.stringMatching(/^crate: unknown property/),
      "environment.A: must be a string, not a number",
      expect.stringMatching(/^interpreter: unknown property/),
      "logging: must be one of stdout, stderr, stdoutAndStderr, none",
    ]);
  });

  test("check lets unknown values pass, also for the connection as a whole", async () => {
    for (const connection of [
      unknownValue,
      secret(unknownValue),
      secret({ host: unknownValue, hostKey: unknownValue }),
    ]) {
      const { failures } = await provider.client.check("command:remote:Command", { connection, stdin: unknownValue });
      expect(failures).toEqual([]);
    }
  });
});
