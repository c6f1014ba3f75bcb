import {
  Client,
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzerPb from "@pulumi/pulumi/proto/analyzer_pb.js";

type StackConfiguration = InstanceType<typeof analyzerPb.AnalyzerStackConfigureRequest>;

const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
const asIs = (bytes: Buffer): Buffer => bytes;
const { handshake, configureStack } = analyzerGrpc.AnalyzerService;
/** Everything that only passes through, as bytes: what this SDK does not know of a message is kept. */
const passing: ServiceDefinition = Object.fromEntries(
  Object.entries(analyzerGrpc.AnalyzerService)
    .filter(([name]) => name !== "handshake" && name !== "configureStack")
    .map(([name, method]) => [
      name,
      {
        ...method,
        ...{ requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs },
      },
    ]),
);

/**
 * Stands between an engine and a policy pack. An engine that starts packs by the language host tells a pack its stack and its configuration
 * only when it is connected, but the Node.js SDK reads both from the environment when the pack starts. So the engine is answered first, and
 * the pack is started with what it says (as `policy_proxy.go` of Pulumi's SDK does).
 */
export interface PolicyProxy {
  /** Where the engine is to connect. */
  readonly port: number;
  /** Settles when the engine has said for which stack the pack is, or has asked something else first. */
  readonly configured: Promise<StackConfiguration | undefined>;
  /** The pack listens on this port: everything that the engine asks goes there. */
  attach(port: number): Promise<void>;
  /** No pack will listen any more: what the engine asks is answered with this error. */
  close(reason: string): void;
}

export async function startPolicyProxy(): Promise<PolicyProxy> {
  const configured = Promise.withResolvers<StackConfiguration | undefined>();
  const pack = Promise.withResolvers<Client>();
  // Nobody may wait for it.
  pack.promise.catch(() => {});

  const pass =
    (path: string): handleUnaryCall<Buffer, Buffer> =>
    async (call, done) => {
      // `pulumi policy publish` has no stack.
      configured.resolve(undefined);
      try {
        (await pack.promise).makeUnaryRequest(path, asIs, asIs, call.request, call.metadata, done);
      } catch (error) {
        done({ code: status.UNAVAILABLE, details: (error as Error).message });
      }
    };
  const server = new Server(unlimited);
  server.addService(passing, Object.fromEntries(Object.entries(passing).map(([name, { path }]) => [name, pass(path)])));
  server.addService(
    { handshake, configureStack },
    {
      handshake: ((_call, done) => done(null, new analyzerPb.AnalyzerHandshakeResponse())) as handleUnaryCall<
        unknown,
        InstanceType<typeof analyzerPb.AnalyzerHandshakeResponse>
      >,
      configureStack: (({ request }, done) => {
        configured.resolve(request);
        done(null, new analyzerPb.AnalyzerStackConfigureResponse());
      }) as handleUnaryCall<StackConfiguration, InstanceType<typeof analyzerPb.AnalyzerStackConfigureResponse>>,
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });

  let client: Client | undefined;
  return {
    ...{ port, configured: configured.promise },
    async attach(packPort) {
      client = new Client(`127.0.0.1:${packPort}`, credentials.createInsecure(), unlimited);
      const configuration = await configured.promise;
      if (configuration) await tell(client, configuration);
      pack.resolve(client);
    },
    close(reason) {
      configured.resolve(undefined);
      pack.reject(new Error(reason));
      client?.close();
      // Calls that wait get the reason.
      server.tryShutdown(() => {});
    },
  };
}

/** Tells a pack about its stack; older packs do not know the call. */
function tell(client: Client, configuration: StackConfiguration): Promise<void> {
  const { path, requestSerialize } = configureStack;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, asIs, configuration, (error) =>
      error && error.code !== status.UNIMPLEMENTED ? reject(error) : resolve(),
    );
  });
}

/** What a pack's SDK reads from the environment about its stack. */
export function packEnvironment(configuration: StackConfiguration | undefined): Record<string, string> {
  if (!configuration) return {};
  return {
    PULUMI_NODEJS_ORGANIZATION: configuration.getOrganization(),
    PULUMI_NODEJS_PROJECT: configuration.getProject(),
    PULUMI_NODEJS_STACK: configuration.getStack(),
    PULUMI_NODEJS_DRY_RUN: String(configuration.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(configuration.getConfigMap().toArray())),
  };
}
