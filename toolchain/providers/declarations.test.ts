import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import rpc from "@pulumi/pulumi/runtime/rpc.js";
import ts from "typescript";
import { expect, test } from "vitest";
import { commandProvider, commandVersion } from "./command/command-provider.ts";
import { markers, secret, unknownValue } from "./properties.ts";
import { randomProvider, randomVersion } from "./random/random-provider.ts";
import type { Resource } from "./resource.ts";
import type { Shape } from "./shape.ts";

const require = createRequire(import.meta.url);
const folder = (name: string) => dirname(require.resolve(`@pulumi/${name}/package.json`));
const installed = (name: string) => JSON.parse(readFileSync(join(folder(name), "package.json"), "utf8")).version;

/** The members of a class or interface in a declaration file, with whether they may be absent; statics left out. */
function members(file: string, name: string): { [member: string]: { optional: boolean; type: string } } {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: { [member: string]: { optional: boolean; type: string } } = {};
  const visit = (node: ts.Node): void => {
    if ((ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) && node.name?.text === name) {
      for (const member of node.members) {
        if (!ts.isPropertyDeclaration(member) && !ts.isPropertySignature(member)) continue;
        const type = member.type?.getText() ?? "";
        found[member.name.getText()] = { optional: member.questionToken !== undefined, type };
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const required = (shape: Shape) => Object.keys(shape).filter((name) => shape[name]!.required);
const sorted = (names: readonly string[]) => [...names].sort();

const command = join(folder("command"));
const random = join(folder("random"));
const cases: [string, Resource | undefined, string, string][] = [
  ...Object.entries(commandProvider().resources).map(([token, resource]): [string, Resource, string, string] => {
    const [, module = "", name = ""] = token.split(":");
    return [token, resource, join(command, module, `${name[0]!.toLowerCase()}${name.slice(1)}.d.ts`), name];
  }),
  ...Object.entries(randomProvider().resources).map(([token, resource]): [string, Resource, string, string] => {
    const [, path = "", name = ""] = token.split(":");
    return [token, resource, join(random, `${path.replace("index/", "")}.d.ts`), name];
  }),
];

test.each(cases)("%s has the inputs and outputs of the published declarations", (_, resource, file, name) => {
  const args = members(file, `${name}Args`);
  expect(Object.keys(args).length).toBeGreaterThan(0);
  expect(sorted(Object.keys(resource!.inputs))).toEqual(sorted(Object.keys(args)));
  const needed = Object.keys(args).filter((member) => !args[member]!.optional);
  expect(sorted(required(resource!.inputs))).toEqual(sorted(needed));
  const outputs = Object.keys(members(file, name));
  expect(sorted([...Object.keys(resource!.inputs), ...Object.keys(resource!.outputs)])).toEqual(sorted(outputs));
});

test.each(cases)("%s has the types of the published declarations", (_, resource, file, name) => {
  const args = members(file, `${name}Args`);
  const words = {
    integer: "number",
    list: "any[]",
    "string[]": "string>[]",
    "string{}": "[key: string]",
    asset: "asset",
  };
  for (const [input, { type }] of Object.entries(resource!.inputs)) {
    const word = typeof type === "string" ? (words[type as keyof typeof words] ?? type) : "ConnectionArgs";
    const declared = args[input]!.type;
    expect(declared.includes(word) || (declared.includes("enums.") && type === "string"), `${input}: ${declared}`).toBe(
      true,
    );
  }
});

test("connection and proxy have the members of the published declarations", () => {
  const { type } = commandProvider().resources["command:remote:Command"]!.inputs.connection!;
  const connection = type as Shape;
  const declared = members(join(command, "types", "input.d.ts"), "ConnectionArgs");
  expect(sorted(Object.keys(connection))).toEqual(sorted(Object.keys(declared)));
  expect(required(connection)).toEqual(["host"]);
  const proxy = members(join(command, "types", "input.d.ts"), "ProxyConnectionArgs");
  expect(sorted(Object.keys(connection.proxy!.type as Shape))).toEqual(sorted(Object.keys(proxy)));
});

test("logging has the published choices", async () => {
  const { Logging } = require("@pulumi/command/types/enums/remote/index.js");
  const { oneOf } = commandProvider().resources["command:local:Command"]!.inputs.logging!;
  expect(sorted(oneOf!)).toEqual(sorted(Object.values(Logging)));
});

test("the versions reported are those of the installed packages", () => {
  expect([commandVersion, randomVersion]).toEqual([installed("command"), installed("random")]);
});

test("the wire markers are those of the SDK", () => {
  expect(markers).toMatchObject({
    signatureKey: rpc.specialSigKey,
    secretSignature: rpc.specialSecretSig,
    assetSignature: rpc.specialAssetSig,
    archiveSignature: rpc.specialArchiveSig,
  });
  expect(unknownValue).toBe(rpc.unknownValue);
  expect(rpc.isRpcSecret(secret("x"))).toBe(true);
  expect(markers.unknownMarkers).toContain(rpc.unknownValue);
});
