import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { absoluteBackend, kindIn, prependPath, toolchainVariables } from "./env.ts";
import { binDirectory, checkout, pluginDirectory, pulumiHome } from "./paths.ts";

const projectFile = readFileSync(join(checkout, "Pulumi.yaml"), "utf8");
const nodeBin = join(checkout, "node_modules", ".bin");
const state = `file://${join(checkout, ".state")}?metadata=skip`;

describe("toolchainVariables", () => {
  it("makes a bare environment complete", () => {
    expect(toolchainVariables({ PATH: "/usr/bin:/bin" }, "built", projectFile)).toMatchObject({
      PATH: `${nodeBin}:${binDirectory}:/usr/bin:/bin`,
      PULUMI_HOME: pulumiHome,
      PULUMI_BACKEND_URL: state,
      PULUMI_CONFIG_PASSPHRASE: "lab",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      GOGC: "400",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      // Providers of an official installation on PATH that was not chosen do not run.
      PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    });
  });

  it("keeps what the user set", () => {
    const own = {
      PULUMI_BACKEND_URL: "s3://bucket",
      PULUMI_CONFIG_PASSPHRASE_FILE: "/run/passphrase",
      PULUMI_HOME: "/home/me/.pulumi",
      NODE_COMPILE_CACHE: "/cache",
      GOGC: "100",
    };
    const added = toolchainVariables({ PATH: "/bin", ...own }, "built", projectFile);
    expect({ ...own, ...added }).toMatchObject(own);
    expect(added).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
    expect(added.PATH).toBe(`${nodeBin}:${binDirectory}:${pluginDirectory}:/bin`);
  });

  it.each(["", "secret"])("keeps a passphrase of the user's own: %j", (passphrase) => {
    const env = { PULUMI_CONFIG_PASSPHRASE: passphrase };
    expect(toolchainVariables(env, "built", projectFile)).not.toHaveProperty("PULUMI_CONFIG_PASSPHRASE");
  });

  it("leaves an official installation's home and plugins alone", () => {
    const added = toolchainVariables({ PATH: "/bin" }, "official", projectFile);
    expect(added).not.toHaveProperty("PULUMI_HOME");
    expect(added).not.toHaveProperty("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION");
    expect(added.PATH).toBe(`${nodeBin}:/bin`);
  });

  it("changes nothing when applied twice", () => {
    const once = { ...toolchainVariables({ PATH: "/bin" }, "built", projectFile) };
    expect({ ...once, ...toolchainVariables(once, "built", projectFile) }).toEqual(once);
  });

  it("takes over from another activated checkout", () => {
    const env = {
      PATH: "/bin",
      PULUMI_HOME: "/other/.state/home",
      FAIRHOST_PULUMI_HOME: "/other/.state/home",
      PULUMI_BACKEND_URL: "file:///other/.state",
      FAIRHOST_BACKEND_URL: "file:///other/.state",
    };
    const added = toolchainVariables(env, "built", projectFile);
    expect(added).toMatchObject({ PULUMI_HOME: pulumiHome, PULUMI_BACKEND_URL: state });
  });

  it("leaves nothing of another activated checkout to an official installation", () => {
    const other = "/other/node_modules/.cache/fairhost";
    const env = {
      PATH: `${other}/bin:${other}/plugins:/opt/pulumi:/bin`,
      PULUMI_HOME: "/other/.state/home",
      FAIRHOST_PULUMI_HOME: "/other/.state/home",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    };
    expect({ ...env, ...toolchainVariables(env, "official", projectFile) }).toMatchObject({
      PATH: `${nodeBin}:/opt/pulumi:/bin`,
      PULUMI_HOME: join(homedir(), ".pulumi"),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "false",
      PULUMI_IGNORE_AMBIENT_PLUGINS: "false",
    });
  });
});

it.each([
  ["backend:\n  url: file://./.state\n", "file:///project/.state"],
  ["backend:\n  url: file://./.state?metadata=skip\n", "file:///project/.state?metadata=skip"],
  ['name: x\nbackend:\n  url: "file://../state"\n', "file:///state"],
  ["backend:\n  url: file:///var/state\n", undefined],
  ["backend:\n  url: s3://bucket\n", undefined],
  ["name: x\n", undefined],
])("absoluteBackend(%j)", (text, expected) => expect(absoluteBackend(text, "/project")).toBe(expected));

it("prependPath puts a directory first that was elsewhere", () => {
  expect(prependPath("/a:/b::/c", ["/c", "/d"])).toBe("/c:/d:/a:/b");
});

it.each([
  ['{"kind":"built","pulumi":"x"}', "built"],
  ['{"kind":"official"}', "official"],
  ...["", '{"kind":"bui', "null", "[]", "{}", '{"kind":"other"}'].map((text): [string, undefined] => [text, undefined]),
])("a decision of setup that is %j chooses %s", (text, kind) => expect(kindIn(text)).toBe(kind));
