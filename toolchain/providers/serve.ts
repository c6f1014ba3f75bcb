import grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { exitWithParent } from "../system/parent.ts";
import { EngineLog } from "./engine-log.ts";
import type { Provider } from "./resource.ts";
import { createService } from "./service.ts";

/** A provider that answers on loopback. */
export interface RunningProvider {
  readonly port: number;
  close(): void;
}

/**
 * Starts answering for a provider on a free port of 127.0.0.1.
 *
 * @param engineAddress `host:port` of the engine's log; empty when it comes with the handshake.
 */
export async function startProvider(provider: Provider, engineAddress = ""): Promise<RunningProvider> {
  const cancellation = new AbortController();
  const log = new EngineLog(engineAddress);
  const service = createService(provider, log, cancellation.signal, () => cancellation.abort());
  // A host's bundle is one property: the 4 MiB that gRPC allows by default are too few.
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(providerGrpc.ResourceProviderService, service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    port,
    close() {
      cancellation.abort();
      provider.close?.();
      server.forceShutdown();
    },
  };
}

/**
 * Runs a provider as the engine's plugin: prints the port, answers until the engine ends it, and ends itself and the
 * commands it runs on this machine when the engine is gone.
 */
export async function serve(provider: Provider): Promise<void> {
  const running = await startProvider(provider, engineAddress(process.argv.slice(2)));
  const end = () => {
    running.close();
    endOwnGroup();
  };
  // Ctrl-C reaches us as a call to `cancel`, never as a signal: plugins have process groups of their own. SIGINT is the
  // engine's way of ending a plugin it needs no more; it waits five seconds for each one that does not follow.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      running.close();
      process.exit(0);
    });
  }
  exitWithParent(end);
  process.stdout.write(`${running.port}\n`);
}

/** The engine passes its address as the only argument that is not a flag. */
function engineAddress(args: readonly string[]): string {
  return args.filter((arg) => /^[^-].*:\d+$/.test(arg)).at(-1) ?? "";
}

/** Kills this process's group, including itself, if it leads the group, as plugins of the engine do. */
function endOwnGroup(): void {
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    // Not a group leader: the process that started this one ends the group.
  }
}
