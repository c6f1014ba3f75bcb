/**
 * `pulumi-language-nodejs`: the engine starts it, reads one line with a port from its standard output, and talks gRPC
 * to it on loopback until it ends it.
 */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { engineVersion } from "../paths.ts";
import { followEngine } from "../system/parent.ts";
import { createLanguageHost } from "./host.ts";
import { parseHostArguments } from "./options.ts";

const { service, endPrograms } = createLanguageHost(parseHostArguments(process.argv.slice(2)), engineVersion());
followEngine(() => endPrograms("SIGKILL"));

const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(languageGrpc.LanguageRuntimeService, service);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    console.error(`language host cannot listen on loopback: ${error.message}`);
    process.exit(1);
  }
  console.log(port);
});
