import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const httpsInForce = defineRule({
  name: "https-in-force",
  theme: "isolation",
  severity: "medium",
  scope: "resource",
  description:
    "An HTTP server that sends visitors on to HTTPS, or has an own certificate, answers over HTTPS, and HSTS is only for one that sends visitors on.",
  reason:
    "Without a certificate visitors are not redirected, and their requests stay unencrypted although the inventory declares HTTPS.",
  fix: "Declare a CA (`certificates` in network.yaml), and `httpsOnly: true` beside `hstsSeconds`; or take `httpsOnly`, `hstsSeconds` and `certificate` away.",
  *find({ httpServers }) {
    for (const server of httpServers) {
      const { httpsOnly, https, hstsSeconds, certificate } = server;
      const name = `HTTP server ${server.account}/${server.name}`;
      if (httpsOnly === true && https !== true) {
        yield {
          subject: subject.httpServer(server, "httpsOnly"),
          message: `${name} is to answer over HTTPS only, but the fleet has no CA for certificates.`,
        };
      }
      if (certificate !== undefined && https !== true) {
        yield {
          subject: subject.httpServer(server, "certificate"),
          message: `${name} has an own certificate, but the fleet has no CA for certificates, so nothing answers over HTTPS.`,
        };
      }
      if (hstsSeconds !== undefined && httpsOnly !== true) {
        yield {
          subject: subject.httpServer(server, "hstsSeconds"),
          message: `${name} has hstsSeconds ${hstsSeconds}, but does not send visitors on to HTTPS.`,
        };
      }
    }
  },
});
