import { defineRule } from "../../components/rule.ts";
import { subject } from "../../components/subject.ts";

export const listensOnOwnAddress = defineRule({
  name: "listens-on-own-address",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description: "Every HTTP server listens on the address of its own account.",
  reason: "On any other address, it would answer for the host or for another account.",
  remediation: "Do not set the address by hand: it follows from the account's `number` and site.",
  *find({ addresses, httpServers }) {
    const owned = new Map(addresses.map((address) => [address.account, address.address]));
    for (const server of httpServers) {
      const address = owned.get(server.account);
      // `references-exist` reports an account without an address.
      if (address === undefined || address === server.listen.address) continue;
      yield {
        subject: subject.httpServer(server, "listen.address"),
        message: `HTTP server ${server.account}/${server.name} listens on ${server.listen.address}, but its account's address is ${address}.`,
      };
    }
  },
});
