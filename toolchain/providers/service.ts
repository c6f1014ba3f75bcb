import type { ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { compareProperties, rootOf } from "./diff.ts";
import type { EngineLog } from "./engine-log.ts";
import { fromStruct, type Properties, secret, toStruct } from "./properties.ts";
import type { Operation, Provider, Resource } from "./resource.ts";
import { schemaOf } from "./schema.ts";
import { checkShape, type Failure, isInternal } from "./shape.ts";

const kinds = {
  add: [pb.PropertyDiff.Kind.ADD, pb.PropertyDiff.Kind.ADD_REPLACE],
  delete: [pb.PropertyDiff.Kind.DELETE, pb.PropertyDiff.Kind.DELETE_REPLACE],
  update: [pb.PropertyDiff.Kind.UPDATE, pb.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

/** A failure with a gRPC status other than "unknown". */
class CallError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const [unknownCode, unimplementedCode] = [2, 12];

/** Answers a call with what `make` makes of its request; an error goes to the engine, and so to the user, as text. */
function answer<Request, Response>(make: (request: Request) => Response | Promise<Response>) {
  return async (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): Promise<void> => {
    try {
      done(null, await make(call.request));
    } catch (error) {
      const { message } = error as Error;
      done({ code: error instanceof CallError ? error.code : unknownCode, details: message });
    }
  };
}

/**
 * The engine's resource provider protocol for a provider. Methods that custom resources do not need (components,
 * functions, parameters, code generation) are left unimplemented, which the engine reports.
 *
 * @param cancelled is passed to all operations.
 * @param cancel is called when the user interrupts the run.
 */
export function createService(provider: Provider, log: EngineLog, cancelled: AbortSignal, cancel: () => void) {
  const tokens = Object.keys(provider.resources);

  function find(urn: string): Resource {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const resource = provider.resources[type];
    if (resource) return resource;
    const reason = `this ${provider.name} provider has no resource ${type}; it has ${tokens.join(", ")}`;
    throw new CallError(unimplementedCode, `${reason}. Use the official provider for others.`);
  }

  function operation(urn: string): Operation {
    return {
      name: urn.slice(urn.lastIndexOf("::") + 2),
      cancelled,
      log: (severity, message, options) => log.write({ urn, severity, message, status: options?.status ?? false }),
    };
  }

  /** Runs an operation on something that exists or shall; what it logs is out before its result. */
  async function run<T>(urn: string, work: (resource: Resource, operation: Operation) => Promise<T>): Promise<T> {
    const resource = find(urn);
    if (cancelled.aborted) throw new CallError(1, "the run was cancelled");
    try {
      return await work(resource, operation(urn));
    } finally {
      await log.flush();
    }
  }

  const service = {
    handshake: answer((request: InstanceType<typeof pb.ProviderHandshakeRequest>) => {
      log.connect(request.getEngineAddress());
      const response = new pb.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),

    attach: answer((request: InstanceType<typeof pluginPb.PluginAttach>) => {
      log.connect(request.getAddress());
      return new emptyPb.Empty();
    }),

    getPluginInfo: answer(() => new pluginPb.PluginInfo().setVersion(provider.version)),

    getSchema: answer(() => new pb.GetSchemaResponse().setSchema(schemaOf(provider))),

    checkConfig: answer((request: InstanceType<typeof pb.CheckRequest>) => {
      return new pb.CheckResponse().setInputs(request.getNews());
    }),

    diffConfig: answer(() => new pb.DiffResponse().setChanges(pb.DiffResponse.DiffChanges.DIFF_NONE)),

    configure: answer(() => {
      return new pb.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),

    check: answer((request: InstanceType<typeof pb.CheckRequest>) => {
      const resource = find(request.getUrn());
      const { inputs, failures } = checkShape(resource.inputs, fromStruct(request.getNews()));
      const all = failures.length > 0 ? failures : (resource.check?.(inputs) ?? []);
      return new pb.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(all.map(toCheckFailure));
    }),

    diff: answer((request: InstanceType<typeof pb.DiffRequest>) => {
      const resource = find(request.getUrn());
      // Engines of before 2023 send no old inputs; the outputs hold them too.
      const before = fromStruct(request.getOldInputs() ?? request.getOlds());
      return diff(resource, onlyInputs(resource, before), onlyInputs(resource, fromStruct(request.getNews())));
    }),

    create: answer((request: InstanceType<typeof pb.CreateRequest>) => {
      const inputs = fromStruct(request.getProperties());
      return run(request.getUrn(), async (resource, operation) => {
        const response = new pb.CreateResponse();
        if (request.getPreview()) return response.setProperties(outputs(resource, resource.preview(inputs)));
        const made = await resource.create(inputs, operation);
        return response.setId(made.id).setProperties(outputs(resource, made.properties));
      });
    }),

    update: answer((request: InstanceType<typeof pb.UpdateRequest>) => {
      const [inputs, state] = [fromStruct(request.getNews()), fromStruct(request.getOlds())];
      return run(request.getUrn(), async (resource, operation) => {
        const properties = request.getPreview()
          ? resource.preview(inputs, state)
          : await resource.update(inputs, state, operation);
        return new pb.UpdateResponse().setProperties(outputs(resource, properties));
      });
    }),

    delete: answer((request: InstanceType<typeof pb.DeleteRequest>) => {
      return run(request.getUrn(), async (resource, operation) => {
        await resource.delete(fromStruct(request.getProperties()), operation);
        return new emptyPb.Empty();
      });
    }),

    read: answer(async (request: InstanceType<typeof pb.ReadRequest>) => {
      const resource = find(request.getUrn());
      const response = new pb.ReadResponse().setId(request.getId());
      const state = fromStruct(request.getProperties());
      if (Object.keys(state).length > 0 || !resource.import) {
        // Nothing can be looked up for these resources: what the state says is what there is.
        return response.setProperties(request.getProperties()).setInputs(request.getInputs());
      }
      const found = await resource.import(request.getId());
      response.setId(found.id).setInputs(toStruct(found.inputs));
      return response.setProperties(outputs(resource, found.properties));
    }),

    cancel: answer(() => {
      cancel();
      return new emptyPb.Empty();
    }),
  };
  return service satisfies UntypedServiceImplementation;
}

function onlyInputs(resource: Resource, properties: Properties): Properties {
  const inputs = Object.entries(properties).filter(([name]) => name in resource.inputs && !isInternal(name));
  return Object.fromEntries(inputs);
}

function diff(resource: Resource, before: Properties, after: Properties) {
  const meaning = resource.meaning ?? ((inputs: Properties) => inputs);
  const changes = compareProperties(meaning(before), meaning(after));
  const response = new pb.DiffResponse().setHasdetaileddiff(true);
  const [diffs, replaces] = [new Set<string>(), new Set<string>()];
  for (const [path, change] of changes) {
    const root = rootOf(path);
    const replace = resource.inputs[root]?.replaces ?? false;
    const detail = new pb.PropertyDiff().setKind(kinds[change][replace ? 1 : 0]).setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
    diffs.add(root);
    if (replace) replaces.add(root);
  }
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  response.setChanges(changes.size > 0 ? DIFF_SOME : DIFF_NONE);
  return response.setDiffsList([...diffs]).setReplacesList([...replaces]);
}

/** The properties for the state, with the outputs that are always secret in envelopes. */
function outputs(resource: Resource, properties: Properties) {
  const entries = Object.entries(properties).map(([name, value]) => {
    return [name, resource.outputs[name]?.secret ? secret(value) : value] as const;
  });
  return toStruct(Object.fromEntries(entries));
}

function toCheckFailure(failure: Failure) {
  return new pb.CheckFailure().setProperty(failure.property).setReason(failure.reason);
}
