import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { type HostArguments, programResult, runnerCall } from "./options.ts";
import { programDependencies, requiredProviders } from "./packages.ts";

type Unary<Request, Response> = (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>) => void;
type ProgramInfo = InstanceType<typeof languagePb.ProgramInfo>;
type RunRequest = InstanceType<typeof languagePb.RunRequest>;
type RunResponse = InstanceType<typeof languagePb.RunResponse>;
type InstallRequest = InstanceType<typeof languagePb.InstallDependenciesRequest>;
type InstallResponse = InstanceType<typeof languagePb.InstallDependenciesResponse>;

/** Answers a call with what a function makes of its request; an error goes to the engine as text. */
function answer<Request, Response>(make: (request: Request) => Response | Promise<Response>): Unary<Request, Response> {
  return async (call, done) => {
    try {
      done(null, await make(call.request));
    } catch (error) {
      done({ code: 2, details: (error as Error).message });
    }
  };
}

/** Runtime options of one program as text; those of the command line are the fallback for older engines. */
function runtimeOptions(info: ProgramInfo | undefined, fallback: ReadonlyMap<string, string>): Map<string, string> {
  const options = new Map(fallback);
  for (const [name, value] of Object.entries(info?.getOptions()?.toJavaScript() ?? {}))
    options.set(name, String(value));
  return options;
}

/** The SDK's runner as the program's own directory sees it: the program and its runner must share one SDK. */
function resolveRunner(programDirectory: string): string {
  try {
    return createRequire(join(programDirectory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new Error(
      `${programDirectory}: @pulumi/pulumi is not installed there or above. Run \`npm ci\` in the project.`,
    );
  }
}

/**
 * The Node.js language host: what the engine asks about programs, and running them. Methods that this project has no
 * use for (code generation, packing, running plugins from source) are left unimplemented, which the engine reports.
 *
 * @param started the command line the engine started the host with.
 * @param version version to report, that of the engine.
 */
export function createLanguageHost(started: HostArguments, version: string) {
  let engineAddress = started.engineAddress;
  const running = new Set<ChildProcess>();

  function endPrograms(signal: NodeJS.Signals): void {
    for (const child of running) child.kill(signal);
  }

  function track(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
    running.add(child);
    return new Promise((resolve, reject) => {
      child.once("error", (error) => {
        running.delete(child);
        reject(error);
      });
      child.once("close", (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      });
    });
  }

  async function run(request: RunRequest): Promise<RunResponse> {
    const info = request.getInfo();
    const pwd = request.getPwd();
    const call = runnerCall(
      {
        monitorAddress: request.getMonitorAddress(),
        engineAddress,
        organization: request.getOrganization(),
        project: request.getProject(),
        stack: request.getStack(),
        rootDirectory: info?.getRootDirectory() ?? "",
        pwd,
        entryPoint: info?.getEntryPoint() || request.getProgram(),
        args: request.getArgsList(),
        dryRun: request.getDryrun(),
        parallel: request.getParallel(),
        config: Object.fromEntries(request.getConfigMap().toArray()),
        configSecretKeys: request.getConfigsecretkeysList(),
        options: runtimeOptions(info, started.options),
        tracing: started.options.get("tracing"),
      },
      resolveRunner(info?.getProgramDirectory() || pwd),
    );
    const child = spawn(process.execPath, call.args, {
      cwd: pwd,
      env: { ...process.env, ...call.env },
      // The engine reads our own streams and shows what the program writes there.
      stdio: ["ignore", "inherit", "inherit"],
    });
    const { code, signal } = await track(child);
    const result = programResult(code, signal);
    const response = new languagePb.RunResponse();
    response.setError(result.error);
    response.setBail(result.bail);
    return response;
  }

  function installDependencies(stream: ServerWritableStream<InstallRequest, InstallResponse>): void {
    const info = stream.request.getInfo();
    const manager = runtimeOptions(info, started.options).get("packagemanager") || "npm";
    const child = spawn(manager, ["install"], {
      cwd: info?.getProgramDirectory() || stream.request.getDirectory(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const forward = (set: "setStdout" | "setStderr") => (chunk: Buffer) => {
      const message = new languagePb.InstallDependenciesResponse();
      message[set](chunk);
      stream.write(message);
    };
    child.stdout.on("data", forward("setStdout"));
    child.stderr.on("data", forward("setStderr"));
    stream.on("cancelled", () => child.kill());
    // In grpc-js this, and not destroy(), ends a stream with a status.
    const fail = (details: string) => stream.emit("error", { code: 2, details });
    track(child).then(
      ({ code, signal }) => {
        if (code === 0) stream.end();
        else fail(`${manager} install ended with ${code ?? signal}`);
      },
      (error: Error) => fail(`${manager} cannot be started: ${error.message}`),
    );
  }

  const service = {
    handshake: answer((request: InstanceType<typeof languagePb.LanguageHandshakeRequest>) => {
      engineAddress = request.getEngineAddress();
      return new languagePb.LanguageHandshakeResponse();
    }),

    getPluginInfo: answer(() => {
      const info = new pluginPb.PluginInfo();
      info.setVersion(version);
      return info;
    }),

    getRequiredPackages: answer((request: InstanceType<typeof languagePb.GetRequiredPackagesRequest>) => {
      const response = new languagePb.GetRequiredPackagesResponse();
      for (const provider of requiredProviders(request.getInfo()?.getProgramDirectory() ?? process.cwd())) {
        const dependency = new pluginPb.PackageDependency();
        dependency.setName(provider.name);
        dependency.setKind("resource");
        dependency.setVersion(provider.version);
        dependency.setServer(provider.server);
        response.addPackages(dependency);
      }
      return response;
    }),

    getProgramDependencies: answer((request: InstanceType<typeof languagePb.GetProgramDependenciesRequest>) => {
      const response = new languagePb.GetProgramDependenciesResponse();
      const directory = request.getInfo()?.getProgramDirectory() ?? process.cwd();
      for (const found of programDependencies(directory, request.getTransitivedependencies())) {
        const dependency = new languagePb.DependencyInfo();
        dependency.setName(found.name);
        dependency.setVersion(found.version);
        response.addDependencies(dependency);
      }
      return response;
    }),

    about: answer(() => {
      const response = new languagePb.AboutResponse();
      response.setExecutable(process.execPath);
      response.setVersion(process.version);
      return response;
    }),

    runtimeOptionsPrompts: answer(() => new languagePb.RuntimeOptionsResponse()),
    run: answer(run),
    installDependencies,

    cancel: answer(() => {
      endPrograms("SIGTERM");
      return new emptyPb.Empty();
    }),
  };

  return { service, endPrograms };
}
