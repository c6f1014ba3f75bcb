import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { Children, fail, forward, resolveRunner } from "./children.ts";
import { type HostArguments, programResult, runnerCall } from "./options.ts";
import { programDependencies, requiredProviders } from "./packages.ts";
import { runPlugin } from "./run-plugin.ts";

type Unary<Request, Response> = (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>) => void;
type ProgramInfo = InstanceType<typeof languagePb.ProgramInfo>;
type RunRequest = InstanceType<typeof languagePb.RunRequest>;
type RunResponse = InstanceType<typeof languagePb.RunResponse>;
type PluginRequest = InstanceType<typeof languagePb.RunPluginRequest>;
type PluginResponse = InstanceType<typeof languagePb.RunPluginResponse>;
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

/**
 * The Node.js language host: what the engine asks about programs, and running them. Methods that this project has no
 * use for (code of packages, packing) are left unimplemented, which the engine reports.
 *
 * @param started the command line the engine started the host with.
 * @param version version to report, that of the engine.
 */
export function createLanguageHost(started: HostArguments, version: string) {
  let engineAddress = started.engineAddress;
  const children = new Children();

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
      resolveRunner(info?.getProgramDirectory() || pwd, "run"),
    );
    const { ended } = children.start(process.execPath, call.args, {
      ...{ cwd: pwd, env: { ...process.env, ...call.env } },
      // The engine reads our own streams and shows what the program writes there.
      output: "inherit",
    });
    const { code, signal } = await ended;
    const result = programResult(code, signal);
    const response = new languagePb.RunResponse();
    response.setError(result.error);
    response.setBail(result.bail);
    return response;
  }

  function installDependencies(stream: ServerWritableStream<InstallRequest, InstallResponse>): void {
    const info = stream.request.getInfo();
    const manager = runtimeOptions(info, started.options).get("packagemanager") || "npm";
    const { child, ended } = children.start(manager, ["install"], {
      cwd: info?.getProgramDirectory() || stream.request.getDirectory(),
      output: "pipe",
    });
    forward(child.stdout!, stream, (chunk) => new languagePb.InstallDependenciesResponse().setStdout(chunk));
    forward(child.stderr!, stream, (chunk) => new languagePb.InstallDependenciesResponse().setStderr(chunk));
    stream.on("cancelled", () => child.kill());
    ended.then(
      ({ code, signal }) => {
        if (code === 0) stream.end();
        else fail(stream, `${manager} install ended with ${code ?? signal}`);
      },
      (error: Error) => fail(stream, `${manager} cannot be started: ${error.message}`),
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

    runPlugin(stream: ServerWritableStream<PluginRequest, PluginResponse>): void {
      // An engine's own options are those of the project.
      const options = runtimeOptions(stream.request.getInfo(), new Map());
      runPlugin(stream, children, options).catch((error: Error) => fail(stream, error.message));
    },

    /**
     * After `pulumi import` the engine asks for the program of what it has imported. This language host writes no TypeScript: the
     * inputs are handed on as the engine wrote them down, in comments.
     */
    generateProgram: answer((request: InstanceType<typeof languagePb.GenerateProgramRequest>) => {
      const response = new languagePb.GenerateProgramResponse();
      for (const [name, text] of request.getSourceMap().toArray()) {
        const lines = [
          "Declare these resources with these inputs (in Pulumi's own notation):",
          ...text.trim().split("\n"),
        ];
        response.getSourceMap().set(name, Buffer.from(lines.map((line) => `// ${line}`.trimEnd()).join("\n") + "\n"));
      }
      return response;
    }),

    cancel: answer(() => {
      children.end("SIGTERM");
      return new emptyPb.Empty();
    }),
  };

  return { service, endPrograms: (signal: NodeJS.Signals) => children.end(signal) };
}
