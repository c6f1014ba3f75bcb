/** Runs in a host's namespace: sends each request that comes to an account's address, or to the host's IPv4 address, back. Arguments: addresses. */
import { createSocket } from "node:dgram";
import { requestPort } from "./protocol.ts";

for (const address of process.argv.slice(2)) {
  const socket = createSocket(address.includes(":") ? { type: "udp6", ipv6Only: true } : { type: "udp4" });
  socket.on("message", (message, from) => socket.send(message, from.port, from.address));
  // While a host is cut off there is no way back: the request is lost, as it should be.
  socket.on("listening", () => socket.on("error", () => {}));
  socket.bind(requestPort, address);
}
// It ends with who started it.
process.on("disconnect", () => process.exit());
