import { certificates, challenges, fallback, issued } from "../../delivery/protocol/certificates.ts";
import { chooseCertificate } from "../http/front-end/lua.ts";

/** What the configuration has for HTTPS, by the place where it stands. */
export interface Texts {
  readonly http: string;
  readonly server: string;
  /** Headers of every answer. */
  readonly headers: string;
  /** Of a location that leads to an account. */
  readonly site: string;
  /** Locations beside the one of the sites. */
  readonly locations: (site: string) => string;
}
export const noTls: Texts = { http: "", server: "", headers: "", site: "", locations: () => "" };
export const tlsTexts: Texts = {
  http: `
  # Read only before sites.lua says which file it is.
  map $host $certificate {
    default ${fallback};
  }
  map "$scheme $https_only" $insecure_name {
    default "";
    "~^http (?<insecure_file>[^ ]+) " $insecure_file;
  }
  map "$scheme $https_only" $hsts {
    default "";
    "~^https [^ ]+ (?<hsts_seconds>[1-9][0-9]*)$" "max-age=$hsts_seconds";
  }
`,
  // Mozilla's intermediate profile, version 5.7. The keys of tickets are in the cache, where nginx changes them by itself.
  server: `    http2 on;
    # With a variable, so that nginx reads neither when it starts: the block below says which one it is.
    ssl_certificate ${certificates}/$certificate.pem;
    ssl_certificate_key ${certificates}/$certificate.pem;
    ssl_certificate_by_lua_block {
      ${chooseCertificate}
    }
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
    ssl_prefer_server_ciphers off;
    ssl_ecdh_curve X25519:prime256v1:secp384r1;
    ssl_session_cache shared:tls:16m;
    ssl_session_timeout 1d;
`,
  headers: "    add_header Strict-Transport-Security $hsts always;\n",
  site: `      if (-f ${issued}/$insecure_name) {
        return 308 https://$host$request_uri;
      }
`,
  locations: (site) => `    # Proofs for the CA; what is not there is the account's.
    location ^~ /.well-known/acme-challenge/ {
      root ${challenges};
      default_type text/plain;
      try_files $uri @site;
    }
    location @site {
${site}    }
`,
};
