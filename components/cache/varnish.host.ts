import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Rules of accounts' HTTP caches, in Varnish's language. */
export const varnish = {
  name: "varnish",
  takesEffect: { by: "restart" },
  inSandboxes: "/opt/fairhost",
  shown: true,
  ofAccount: [
    {
      path: /(?<number>\d+)\.vcl/,
      lines: [
        /vcl 4\.1;|import std;|backend default none;|include "cache\.vcl";/,
        /backend server_[a-z0-9-]+ \{ \.path = "\/run\/fairhost-cached\/(?<number>\d+)\/account-\k<number>-http-[a-z0-9-]+"; \.connect_timeout = 5s; \.first_byte_timeout = \d+s; \.between_bytes_timeout = \d+s; \}/,
        /sub vcl_recv \{ if \(req\.http\.X-Fairhost-Server == "([a-z0-9-]+)"\) \{ set req\.backend_hint = server_\1; \} \}/,
        /sub vcl_backend_response \{ set beresp\.storage = storage\.memory; \}/,
        /sub vcl_backend_response \{ if \(std\.integer\(beresp\.http\.Content-Length, 0\) > \d+\) \{ set beresp\.(?:storage = storage\.disk|uncacheable = true); \} \}/,
      ],
    },
  ],
} as const satisfies BundleFolder;
