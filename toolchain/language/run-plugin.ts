import type { Readable } from "node:stream";
import type { ServerWritableStream } from "@grpc/grpc-js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import { type Children, fail, forward, resolveRunner } from "./children.ts";
import { splitWords } from "./options.ts";
import { type PolicyProxy, packEnvironment, startPolicyProxy } from "./policy-proxy.ts";

type PluginStream = ServerWritableStream<
  InstanceType<typeof languagePb.RunPluginRequest>,
  InstanceType<typeof languagePb.RunPluginResponse>
>;

const message = () => new languagePb.RunPluginResponse();
const stdout = (bytes: Buffer) => message().setStdout(bytes);
const stderr = (bytes: Buffer) => message().setStderr(bytes);

/**
 * Runs a plugin from its source, as `RunPlugin` of `language.proto` says: a provider (its directory has a `PulumiPlugin.yaml`), or a policy
 * pack (engine 3.200 starts packs by `pulumi-analyzer-policy` instead). The stream carries what the plugin prints, last its exit code;
 * the engine cancels it to end the plugin.
 *
 * @param options runtime options of the plugin's own file; `nodeargs` is used
 */
export async function runPlugin(
  stream: PluginStream,
  children: Children,
  options: ReadonlyMap<string, string>,
): Promise<void> {
  const { request } = stream;
  const isPack = request.getKind() === "analyzer";
  const directory = request.getInfo()?.getProgramDirectory() || request.getProgram();
  if (request.getAttachDebugger()) throw new Error("This language host cannot attach a debugger to a plugin.");
  const runner = resolveRunner(directory, isPack ? "run-policy-pack" : "run-plugin");
  const nodeArguments = splitWords(options.get("nodeargs") ?? "");
  const proxy = isPack ? await startPolicyProxy() : undefined;
  const cancelled = new Promise<void>((resolve) => stream.once("cancelled", resolve));
  try {
    if (proxy) {
      stream.write(stdout(Buffer.from(`${proxy.port}\n`)));
      await Promise.race([proxy.configured, cancelled]);
    }
    if (stream.cancelled) return;
    const { child, ended } = children.start(
      process.execPath,
      // The engine's address comes first for packs, the directory for others: the SDK's programs expect it so.
      [
        ...nodeArguments,
        runner,
        ...(isPack ? [...request.getArgsList(), directory] : [directory, ...request.getArgsList()]),
      ],
      {
        // Packs were always run in their own directory.
        cwd: isPack ? directory : request.getPwd(),
        env: { ...environmentOf(request.getEnvList()), ...packEnvironment(await proxy?.configured) },
        output: "pipe",
      },
    );
    void cancelled.then(() => child.kill("SIGKILL"));
    forward(child.stderr!, stream, stderr);
    if (proxy) void attach(proxy, child.stdout!).then(() => forward(child.stdout!, stream, stdout));
    else forward(child.stdout!, stream, stdout);
    const { code, signal } = await ended;
    if (code === null) fail(stream, `The plugin in ${directory} was ended by ${signal}.`);
    else {
      stream.write(message().setExitcode(code));
      stream.end();
    }
  } finally {
    proxy?.close(`The policy pack in ${directory} has ended.`);
  }
}

/** A pack first prints the port that it listens on. */
async function attach(proxy: PolicyProxy, output: Readable): Promise<void> {
  try {
    const line = await takeLine(output);
    if (!/^\d+$/.test(line)) throw new Error(`The policy pack printed no port, but: ${line}`);
    await proxy.attach(Number(line));
  } catch (error) {
    proxy.close((error as Error).message);
  }
}

function takeLine(from: Readable): Promise<string> {
  let held = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      const end = held.indexOf("\n");
      if (end < 0) return;
      from.off("data", take).pause();
      if (end + 1 < held.length) from.unshift(held.subarray(end + 1));
      resolve(held.toString("utf8", 0, end));
    };
    from.on("data", take);
    from.once("end", () => reject(new Error("The policy pack ended before it printed its port.")));
  });
}

/** The environment as the engine gives it; older engines may leave it out, and mean their own. */
function environmentOf(list: readonly string[]): NodeJS.ProcessEnv {
  if (list.length === 0) return process.env;
  return Object.fromEntries(
    list.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}
