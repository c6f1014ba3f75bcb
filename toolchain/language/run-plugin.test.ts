import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type CallOptions, credentials, Metadata, Server, ServerCredentials, type ServiceError } from "@grpc/grpc-js";
import analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzerPb from "@pulumi/pulumi/proto/analyzer_pb.js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkout } from "../paths.ts";
import { createLanguageHost } from "./host.ts";

/** The language host is called as an engine newer than the built one calls it: it starts packs and providers from source by RunPlugin. */
const server = new Server();
const { service, endPrograms } = createLanguageHost({ engineAddress: undefined, options: new Map() }, "3.200.0");
const directory = mkdtempSync(join(tmpdir(), "fairhost-plugin-"));
let client: InstanceType<typeof languageGrpc.LanguageRuntimeClient>;

beforeAll(async () => {
  symlinkSync(join(checkout, "node_modules"), join(directory, "node_modules"));
  server.addService(languageGrpc.LanguageRuntimeService, service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  client = new languageGrpc.LanguageRuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterAll(() => {
  client.close();
  endPrograms("SIGKILL");
  server.forceShutdown();
  rmSync(directory, { recursive: true, force: true });
});

function plugin(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries({ "package.json": '{"name":"p","version":"1.0.0"}', ...files })) {
    const file = join(directory, name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return join(directory, name);
}

/** Calls RunPlugin; what comes is collected, and `ended` has the last message or the error. */
function start(program: string, kind: string, options: { args?: string[]; env?: string[]; nodeargs?: string } = {}) {
  const info = new languagePb.ProgramInfo().setProgramDirectory(program).setRootDirectory(program).setEntryPoint(".");
  if (options.nodeargs) info.setOptions(structPb.Struct.fromJavaScript({ nodeargs: options.nodeargs }));
  const request = new languagePb.RunPluginRequest().setInfo(info).setKind(kind).setPwd(tmpdir());
  request.setArgsList(options.args ?? ["127.0.0.1:1"]);
  request.setEnvList(options.env ?? Object.entries(process.env).map(([name, value]) => `${name}=${value}`));
  const call = client.runPlugin(request);
  const got = { stdout: "", stderr: "", exitcode: undefined as number | undefined };
  call.on("data", (message: InstanceType<typeof languagePb.RunPluginResponse>) => {
    expect(got.exitcode, "the exit code comes last").toBeUndefined();
    if (message.hasExitcode()) got.exitcode = message.getExitcode();
    else if (message.hasStderr()) got.stderr += Buffer.from(message.getStderr_asU8()).toString();
    else got.stdout += Buffer.from(message.getStdout_asU8()).toString();
  });
  const ended = new Promise<string>((resolve) => {
    call.on("end", () => resolve("end")).on("error", (error: ServiceError) => resolve(error.details));
  });
  return { call, got, ended };
}

test("a program's output, arguments, environment, working directory and exit code; nothing of 20 MiB is lost", async () => {
  const program = plugin("prints", {
    "index.js": `console.log(JSON.stringify([process.argv.slice(2), process.env.TOLD, process.cwd(), process.execArgv]));
      process.stderr.write("x".repeat(20 << 20));
      process.exitCode = 7;`,
  });
  const run = start(program, "resource", {
    ...{
      args: ["127.0.0.1:1", "more"],
      env: ["TOLD=a=b", `PATH=${process.env.PATH}`],
      nodeargs: "--stack-trace-limit=7",
    },
  });
  expect(await run.ended).toBe("end");
  expect(JSON.parse(run.got.stdout)).toEqual([["127.0.0.1:1", "more"], "a=b", tmpdir(), ["--stack-trace-limit=7"]]);
  expect([run.got.stderr.length, run.got.exitcode]).toEqual([20 << 20, 7]);
});

test("a plugin that a signal ended, and one without the SDK, are errors that say so", async () => {
  const killed = start(plugin("killed", { "index.js": 'process.kill(process.pid, "SIGKILL");' }), "resource");
  expect(await killed.ended).toBe(`The plugin in ${join(directory, "killed")} was ended by SIGKILL.`);
  const elsewhere = mkdtempSync(join(tmpdir(), "fairhost-bare-"));
  // The engine looks for these very words to say that a pack's packages are not installed.
  for (const [kind, module] of [
    ["analyzer", "run-policy-pack"],
    ["resource", "run-plugin"],
  ] as const)
    expect(await start(elsewhere, kind).ended).toContain(`Cannot find module '@pulumi/pulumi/cmd/${module}'`);
  rmSync(elsewhere, { recursive: true });
});

test("a plugin ends when the engine cancels the call", async () => {
  const run = start(
    plugin("waits", { "index.js": "console.log(process.pid); setInterval(() => {}, 1000);" }),
    "resource",
  );
  await expect.poll(() => run.got.stdout).toMatch(/^\d+\n/);
  const pid = Number(run.got.stdout);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  run.call.cancel();
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});

const stackPack = plugin("pack", {
  "PulumiPolicy.yaml": "runtime: nodejs\n",
  "index.js": `const pulumi = require("@pulumi/pulumi");
    const { PolicyPack } = require("@pulumi/policy");
    const description = [pulumi.getStack(), pulumi.getProject(), new pulumi.Config("toy").get("today"), process.cwd()].join();
    console.error("said");
    new PolicyPack("toy", { policies: [
      { name: "seen", description, enforcementLevel: "mandatory",
        validateResource: ({ props }, report) => { if (props.bad) report("bad"); } }] });
    setTimeout(() => console.log("later"), 500);`,
});

function analyzer(port: string) {
  const pack = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${Number(port)}`, credentials.createInsecure());
  // The declarations overload each method; the last overload, which inference sees, has four parameters.
  type Done<A> = (error: ServiceError | null, answer: A) => void;
  type Method<Q, A> = (request: Q, metadata: Metadata, options: CallOptions, done: Done<A>) => unknown;
  const ask = <Q, A>(method: Method<Q, A>, request: Q) =>
    new Promise<A>((resolve, reject) => {
      const done: Done<A> = (error, answer) => (error ? reject(new Error(error.details)) : resolve(answer));
      method.call(pack, request, new Metadata(), {}, done);
    });
  return { pack, ask };
}

test("a policy pack knows its stack and configuration, which the engine tells it only once it is connected", async () => {
  const run = start(stackPack, "analyzer");
  await expect.poll(() => run.got.stdout).toMatch(/^\d+\n/);
  const { pack, ask } = analyzer(run.got.stdout);
  await ask(pack.handshake, new analyzerPb.AnalyzerHandshakeRequest());
  const configuration = new analyzerPb.AnalyzerStackConfigureRequest().setStack("prod").setProject("toy");
  configuration.getConfigMap().set("toy:today", "2026-11-27");
  await ask(pack.configureStack, configuration);
  const info = await ask(pack.getAnalyzerInfo, new emptyPb.Empty());
  expect(info.getPoliciesList().map((policy) => policy.getDescription())).toEqual([`prod,toy,2026-11-27,${stackPack}`]);
  const resource = new analyzerPb.AnalyzeRequest()
    .setType("a:b:C")
    .setUrn("urn:pulumi:prod::toy::a:b:C::c")
    .setName("c");
  resource
    .setOptions(new analyzerPb.AnalyzerResourceOptions())
    .setProperties(structPb.Struct.fromJavaScript({ bad: true }));
  const judged = await ask(pack.analyze, resource);
  expect(judged.getDiagnosticsList().map((one) => one.getPolicyname())).toEqual(["seen"]);
  await expect.poll(() => [run.got.stdout.split("\n")[1], run.got.stderr]).toEqual(["later", "said\n"]);
  run.call.cancel();
  pack.close();
  expect(await run.ended).toMatch(/Cancelled/);
});

test("a policy pack without a stack starts at the first question, as for `pulumi policy publish`", async () => {
  const run = start(
    plugin("loose", { "index.js": 'new (require("@pulumi/policy").PolicyPack)("loose", { policies: [] });' }),
    "analyzer",
  );
  await expect.poll(() => run.got.stdout).toMatch(/^\d+\n/);
  const { pack, ask } = analyzer(run.got.stdout);
  expect((await ask(pack.getAnalyzerInfo, new emptyPb.Empty())).getName()).toBe("loose");
  run.call.cancel();
  pack.close();
});

test("a policy pack that fails as it starts: its words, its exit code, and an answer to the engine's question", async () => {
  const run = start(plugin("broken", { "index.js": 'throw new Error("broken on purpose");' }), "analyzer");
  await expect.poll(() => run.got.stdout).toMatch(/^\d+\n/);
  const { pack, ask } = analyzer(run.got.stdout);
  await expect(ask(pack.getAnalyzerInfo, new emptyPb.Empty())).rejects.toThrow("ended before it printed its port");
  expect(await run.ended).toBe("end");
  expect(run.got.stderr).toContain("broken on purpose");
  expect(run.got.exitcode).not.toBe(0);
  pack.close();
});
