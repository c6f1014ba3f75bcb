import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { assetArchive, fileAsset, type Properties, revealAll, unknownValue } from "../properties.ts";
import type { Operation, Resource } from "../resource.ts";
import type { Shape } from "../shape.ts";
import { captureOutput, failure, type Logging, redactor } from "./command-output.ts";
import { commandShape, commandText, newId, previewOutputs, previousOutputs } from "./command-remote.ts";
import { selectFiles } from "./globs.ts";

/** Inputs of `command:local:Command`. */
const localCommandShape = {
  ...commandShape,
  archivePaths: { type: "string[]" },
  assetPaths: { type: "string[]" },
  dir: { type: "string" },
  interpreter: { type: "string[]" },
} as const satisfies Shape;

type Which = "create" | "update" | "delete";

/** `command:local:Command`: runs commands on this machine. */
export function localCommand(): Resource {
  return {
    inputs: localCommandShape,
    outputs: { stdout: {}, stderr: {}, assets: {}, archive: {} },

    preview(inputs, state) {
      const outputs = previewOutputs(inputs, state);
      if (outputs.stdout !== unknownValue) return { ...outputs, ...foundFiles(state ?? {}) };
      const assets: Properties = inputs.assetPaths ? { assets: unknownValue } : {};
      return { ...outputs, ...assets, ...(inputs.archivePaths ? { archive: unknownValue } : {}) };
    },

    async create(inputs, operation) {
      const outputs =
        inputs.create === undefined ? { stdout: "", stderr: "" } : await run("create", inputs, {}, operation);
      return { id: newId(operation.name), properties: { ...inputs, ...outputs } };
    },

    async update(inputs, state, operation) {
      const which = inputs.update === undefined ? "create" : "update";
      if (inputs[which] !== undefined) return { ...inputs, ...(await run(which, inputs, state, operation)) };
      return { ...inputs, stdout: state.stdout ?? "", stderr: state.stderr ?? "", ...foundFiles(state) };
    },

    async delete(state, operation) {
      if (state.delete !== undefined) await run("delete", state, state, operation);
    },
  };
}

function foundFiles({ assets, archive }: Properties): Properties {
  return { ...(assets === undefined ? {} : { assets }), ...(archive === undefined ? {} : { archive }) };
}

async function run(which: Which, inputs: Properties, state: Properties, operation: Operation): Promise<Properties> {
  const plain = revealAll(inputs);
  const interpreter = (plain.interpreter as string[] | undefined) ?? [];
  const [program = "/bin/sh", ...args] = interpreter.length > 0 ? interpreter : ["/bin/sh", "-c"];
  const directory = (plain.dir as string | undefined) ?? process.cwd();
  const redact = redactor(inputs);
  const { stdout, stderr } = captureOutput(plain.logging as Logging, redact, operation);
  const how = await execute(program, [...args, plain[which] as string], {
    directory,
    environment: {
      ...process.env,
      ...((plain.environment as { [name: string]: string } | undefined) ?? {}),
      ...Object.fromEntries(previousOutputs(plain, revealAll(state))),
    },
    stdin: (plain.stdin as string | undefined) ?? "",
    cancelled: operation.cancelled,
    onStdout: stdout.write,
    onStderr: stderr.write,
  });
  const outputs = { stdout: stdout.end(), stderr: stderr.end() };
  if (how !== undefined) {
    const said = { stdout: redact(outputs.stdout), stderr: redact(outputs.stderr) };
    throw failure("local command", how, redact(commandText(inputs, which)), said);
  }
  return { ...outputs, ...(await collectFiles(plain, directory)) };
}

interface Execution {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin: string;
  readonly cancelled: AbortSignal;
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
}

/** Runs a program to its end. Returns the problem, if there is one. */
async function execute(program: string, args: string[], run: Execution): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const explained = (error: Error) => `cannot be run (${explain(error, program, run.directory)})`;
    let child: ChildProcessWithoutNullStreams;
    try {
      // Not in its own process group: when the engine ends the provider's group, the command ends too.
      const options = { cwd: run.directory, env: run.environment, signal: run.cancelled };
      child = spawn(program, args, options);
    } catch (error) {
      return resolve(explained(error as Error));
    }
    let broken: string | undefined;
    child.on("error", (error) => {
      broken = error.name === "AbortError" ? "was cancelled" : explained(error);
      if (child.pid === undefined) resolve(broken);
    });
    child.on("close", (status, signal) => {
      resolve(broken ?? (status === 0 ? undefined : signal ? `was ended by ${signal}` : `ended with status ${status}`));
    });
    child.stdout.on("data", run.onStdout);
    child.stderr.on("data", run.onStderr);
    // A command may end without reading all of its input.
    child.stdin.on("error", () => {});
    child.stdin.end(run.stdin);
  });
}

function explain({ code, message }: NodeJS.ErrnoException, program: string, directory: string): string {
  if (code === "ENOENT") return `there is no program ${program} or no directory ${directory}`;
  if (code !== "E2BIG") return message;
  return "environment and command are too long; if the previous output is, set addPreviousOutputInEnv: false";
}

async function collectFiles(plain: Properties, directory: string): Promise<Properties> {
  const assetsOf = async (patterns: readonly string[]) => {
    const assets: Properties = {};
    for (const file of await selectFiles(directory, patterns)) {
      const path = join(directory, file);
      assets[file] = fileAsset(path, await hashFile(path));
    }
    return assets;
  };
  const found: Properties = {};
  if (plain.assetPaths) found.assets = await assetsOf(plain.assetPaths as string[]);
  if (plain.archivePaths) {
    const assets = await assetsOf(plain.archivePaths as string[]);
    found.archive = assetArchive(assets, createHash("sha256").update(JSON.stringify(assets)).digest("hex"));
  }
  return found;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
