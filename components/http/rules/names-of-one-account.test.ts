import { changed, testRule } from "../../../testing/test-rule.ts";
import type { Declaration } from "../../registry/kinds.generated.ts";
import { namesOfOneAccount } from "./names-of-one-account.ts";

const answering = (valid: Declaration, name: string, hostnames: readonly string[]) =>
  changed(valid, "httpServers", name, (server) => ({ ...server, hostnames: [...hostnames] }));

testRule(namesOfOneAccount, {
  "a path of another account's host name": {
    break: (valid) =>
      changed(valid, "httpServers", "2/www", (server) => ({ ...server, addresses: ["www1.example.org/shop"] })),
    expect: [
      "httpServer 2/www addresses.0: HTTP server 2/www answers for www1.example.org/shop; www1.example.org belongs to account 1 (HTTP server 1/www).",
    ],
  },
  "a name below another account's wildcard": {
    break: (valid) => answering(answering(valid, "1/www", ["*.example.net"]), "2/www", ["Shop.example.net"]),
    expect: [
      "httpServer 2/www hostnames.0: HTTP server 2/www answers for Shop.example.net; *.example.net belongs to account 1 (HTTP server 1/www).",
    ],
  },
  "names below the platform's domain": {
    break: (valid) =>
      answering(
        changed(valid, "networks", 0, (network) => ({ ...network, platformDomain: "hosted.example" })),
        "1/www",
        [
          "hosted.example",
          "*.hosted.example",
          "acme-9.hosted.example",
          "acme-1.hosted.example",
          "a.acme-1.hosted.example",
          "nothosted.example",
        ],
      ),
    expect: ["hosted.example", "*.hosted.example", "acme-9.hosted.example"].map(
      (name, index) =>
        `httpServer 1/www hostnames.${index}: HTTP server 1/www answers for ${name}, below the platform's domain hosted.example; of it account 1 has acme-1.hosted.example alone.`,
    ) as [string, ...string[]],
  },
});
