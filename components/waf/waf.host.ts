import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** The web application firewall of a host, and what accounts exclude from it. Only on hosts with a web site that has one. */
export const waf = {
  name: "waf",
  entry: { file: "waf/nginx.conf", unit: "fairhost-waf.service" },
  validator: ["nginx", "-t", "-q", "-c"],
  takesEffect: {
    by: "reload",
    unit: "fairhost-waf.service",
    says: (host) => `Rewrites the web application firewall of ${host}: reload without interruption.`,
  },
  ofAccount: [
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.conf/,
      lines: [
        /SecRule UNIQUE_ID "!@contains ;(?<number>\d+);" "id:\d+,phase:1,pass,nolog,skipAfter:after-\k<number>"/,
        /SecRule UNIQUE_ID "@contains ;(?<number>\d+);[a-z0-9-]+;" "id:\d+,phase:1,pass,nolog,(?:chain|ctl:ruleRemoveById=9\d{5}(?:-9\d{5})?|setvar:tx\.crs_exclusions_[a-z]+=1)"/,
        /SecRule REQUEST_URI_RAW "!@rx \^\[\^\?\]\*\(\?:%\(\?:2\[eEfF\]\|3\[fF\]\|5\[cC\]\)\|\[\.\]\[\.\]\)" "t:none,chain"/,
        /SecRule REQUEST_FILENAME "@rx \^(?:[\w/~-]|\\\\\.)*\(\?:\/\|\$\)" "t:none,t:normalizePath,(?:chain|ctl:ruleRemoveById=9\d{5}(?:-9\d{5})?)"/,
        /SecRule REMOTE_ADDR "@ipMatch [0-9a-f:.]+(?:\/\d+(?:,[0-9a-f:.]+\/1)?)?" "ctl:ruleRemoveById=9\d{5}(?:-9\d{5})?"/,
        /modsecurity_rules '|';/,
        /SecMarker after-(?<number>\d+)/,
      ],
    },
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.upstreams/,
      lines: [
        /upstream cache-(?<number>\d+)-([a-z0-9-]+) \{ server unix:\/run\/fairhost-caches\/\k<number>\/socket max_fails=0; server unix:\/run\/fairhost-cached\/\k<number>\/account-\k<number>-http-\2 backup; \}/,
      ],
    },
  ],
} as const satisfies BundleFolder;
