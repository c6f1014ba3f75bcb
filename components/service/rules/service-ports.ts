import { visitedPorts } from "../../account-network/links.ts";
import { httpPort } from "../../http/kinds/server.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

const { first, last } = visitedPorts;

export const servicePorts = defineRule({
  name: "service-ports",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: `The port of a service is from ${first} to ${last}, and no other service or HTTP server of the account has it.`,
  reason:
    "All programs of an account are in one network: of two with one port only one can listen, and visitors may reach a program that is meant for the front end alone.",
  fix: `Give each service of the account a \`port\` of its own, from ${first} to ${last}, and not 8000 + number of one of its HTTP servers of the kind \`program\`.`,
  *find({ services, httpServers }) {
    const ports = services.flatMap((service) =>
      service.port === undefined ? [] : [{ ...service, port: service.port }],
    );
    for (const service of ports) {
      const { account, name, port } = service;
      if (Number.isInteger(port) && port >= first && port <= last) continue;
      const message = `Service ${account}/${name} has port ${port}, which is not from ${first} to ${last}.`;
      yield { subject: subject.service(service, "port"), message };
    }
    const taken = new Map(httpServers.map((server) => [`${server.account} ${httpPort(server)}`, server.name]));
    for (const service of ports) {
      const { account, name, port } = service;
      const server = taken.get(`${account} ${port}`);
      if (server === undefined) continue;
      const message = `Service ${account}/${name} has port ${port}, which is $PORT of HTTP server ${account}/${server}.`;
      yield { subject: subject.service(service, "port"), message };
    }
    for (const { element, first: other } of repeats(ports, ({ account, port }) => `${account} ${port}`)) {
      const message = `Service ${element.account}/${element.name} has port ${element.port}, as ${other.account}/${other.name} does.`;
      yield { subject: subject.service(element, "port"), message };
    }
  },
});
