import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { fromStruct, type Properties, toStruct } from "../../../toolchain/providers/properties.ts";
import type { Provider } from "../../../toolchain/providers/resource.ts";
import { startProvider } from "../../../toolchain/providers/serve.ts";

/** One message that a provider sent to the engine's log. */
export interface Logged {
  readonly message: string;
  readonly severity: number;
  readonly status: boolean;
  readonly urn: string;
}

/** An engine's log on loopback that keeps what it is told. */
export async function startLog() {
  const logged: Logged[] = [];
  const server = new grpc.Server();
  const log = (call: grpc.ServerUnaryCall<LogRequest, unknown>, done: grpc.sendUnaryData<unknown>) => {
    const { request } = call;
    logged.push({
      message: request.getMessage(),
      severity: request.getSeverity(),
      status: request.getEphemeral(),
      urn: request.getUrn(),
    });
    done(null, new emptyPb.Empty());
  };
  server.addService(engineGrpc.EngineService, { log });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, logged, close: () => server.forceShutdown() };
}

/** The call as the engine makes it, for plain values. */
export type ProviderClient = ReturnType<typeof connect>;

/** Talks to a provider on a port of loopback as the engine does. */
export function connect(port: number) {
  const client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  // The declarations overload each method; the last overload, which inference sees, has four parameters.
  type Done<A> = (error: grpc.ServiceError | null, answer: A) => void;
  type Method<Q, A> = (request: Q, metadata: grpc.Metadata, options: grpc.CallOptions, done: Done<A>) => unknown;
  const call = <Q, A>(method: Method<Q, A>, request: Q) =>
    new Promise<A>((resolve, reject) => {
      const done: Done<A> = (error, answer) => (error ? reject(new Error(error.details)) : resolve(answer));
      method.call(client, request, new grpc.Metadata(), {}, done);
    });
  const urn = (type: string, name = "it") => `urn:pulumi:dev::project::${type}::${name}`;
  return {
    handshake: (engineAddress: string) =>
      call(client.handshake, new pb.ProviderHandshakeRequest().setEngineAddress(engineAddress)),
    attach: (address: string) => call(client.attach, new pluginPb.PluginAttach().setAddress(address)),
    configure: () => call(client.configure, new pb.ConfigureRequest()),
    cancel: () => call(client.cancel, new emptyPb.Empty()),
    info: async () => (await call(client.getPluginInfo, new emptyPb.Empty())).getVersion(),
    async check(type: string, news: Properties) {
      const request = new pb.CheckRequest().setUrn(urn(type)).setNews(toStruct(news));
      const answer = await call(client.check, request);
      const failures = answer.getFailuresList().map((one) => `${one.getProperty()}: ${one.getReason()}`);
      return { inputs: fromStruct(answer.getInputs()), failures };
    },
    async diff(type: string, oldInputs: Properties, news: Properties, olds: Properties = oldInputs) {
      const request = new pb.DiffRequest().setUrn(urn(type)).setOldInputs(toStruct(oldInputs));
      const answer = await call(client.diff, request.setOlds(toStruct(olds)).setNews(toStruct(news)));
      const name = (kind: number) => Object.entries(pb.PropertyDiff.Kind).find(([, value]) => value === kind)![0];
      const detailed: { [path: string]: string } = {};
      answer.getDetaileddiffMap().forEach((one, path) => {
        detailed[path] = name(one.getKind());
      });
      return {
        changes: answer.getChanges() === pb.DiffResponse.DiffChanges.DIFF_SOME,
        replaces: answer.getReplacesList(),
        diffs: answer.getDiffsList(),
        detailed,
      };
    },
    async create(type: string, properties: Properties, options: { preview?: boolean; name?: string } = {}) {
      const request = new pb.CreateRequest().setUrn(urn(type, options.name)).setProperties(toStruct(properties));
      const answer = await call(client.create, request.setPreview(options.preview ?? false));
      return { id: answer.getId(), properties: fromStruct(answer.getProperties()) };
    },
    async update(type: string, olds: Properties, news: Properties, options: { preview?: boolean } = {}) {
      const request = new pb.UpdateRequest().setUrn(urn(type)).setOlds(toStruct(olds)).setNews(toStruct(news));
      return fromStruct((await call(client.update, request.setPreview(options.preview ?? false))).getProperties());
    },
    delete: (type: string, state: Properties) =>
      call(client.delete, new pb.DeleteRequest().setUrn(urn(type)).setProperties(toStruct(state))),
    async read(type: string, id: string, state: Properties = {}) {
      const request = new pb.ReadRequest().setUrn(urn(type)).setId(id).setProperties(toStruct(state));
      const answer = await call(client.read, request.setInputs(toStruct(state)));
      return {
        id: answer.getId(),
        properties: fromStruct(answer.getProperties()),
        inputs: fromStruct(answer.getInputs()),
      };
    },
    close: () => client.close(),
  };
}

/** Starts a provider in this process with a log, and a client for it. */
export async function startWithClient(provider: Provider) {
  const log = await startLog();
  const running = await startProvider(provider, log.address);
  const client = connect(running.port);
  const close = () => {
    client.close();
    running.close();
    log.close();
  };
  return { client, logged: log.logged, close };
}
