import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { plain, unitFile } from "../../lib/systemd/unit-file.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { resolver, resolverConnections } from "./links.ts";
import { unbound } from "./unbound.host.ts";

const { file, unit } = unbound.entry;
const dropIn = `systemd/${unit}.d/50-fairhost.conf`;
const plainSitePrefix = plain(/[0-9a-f:]+\/\d+/, "IPv6 prefix");

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: ({ declaration, host }) => {
    const own = declaration.sites.filter(({ name }) => name === host.site);
    return renderResolver(own.map(({ prefix }) => prefix));
  },
};

/**
 * The resolver of a host's accounts: Debian's unbound, which asks the name servers themselves and validates DNSSEC. It answers on one
 * address of the host, which only accounts reach (components/network/render-nftables.ts), and refuses whoever is not of the site.
 * @param prefixes of the site
 */
function renderResolver(prefixes: readonly string[]): { files: BundleFile[]; units: BundleUnit[] } {
  const allow = prefixes.map((prefix) => `  access-control: ${plainSitePrefix(prefix)} allow\n`).join("");
  return {
    files: [
      {
        path: file,
        content: `# The resolver of the host's accounts.
server:
  interface: ${resolver}
  # The address is a local route, which may come later.
  ip-freebind: yes
  access-control: ::/0 refuse
  access-control: 0.0.0.0/0 refuse
${allow}  # Queries a second of one account; what is above is dropped. An account has one address.
  ip-ratelimit: 200
  ip-ratelimit-factor: 0
  # Of these, answers that one account may wait for at the same time: name servers that do not answer take nobody else's place.
  wait-limit: 100
  # Connections over TCP of all accounts. How many one of them has, the firewall bounds.
  incoming-num-tcp: ${resolverConnections}
  num-threads: 1
  msg-cache-size: 16m
  rrset-cache-size: 32m
  prefetch: yes
  hide-identity: yes
  hide-version: yes
  module-config: "validator iterator"
  trust-anchor-file: /usr/share/dns/root.key
  # systemd keeps it from the rest of the host.
  chroot: ""
  use-syslog: yes
remote-control:
  control-enable: no
`,
      },
      {
        path: dropIn,
        content: unitFile({
          Unit: { After: "fairhost-routes.service" },
          Service: {
            // Where AppArmor's profile of unbound lets it read.
            BindReadOnlyPaths: `${currentGeneration}/${file}:/etc/unbound/unbound.conf`,
            ExecStartPre: ["", "/usr/sbin/unbound-checkconf /etc/unbound/unbound.conf"],
            MemoryMax: "256M",
            CPUWeight: "50",
            Restart: "always",
            RestartSec: "1s",
          },
        }),
      },
      { path: `systemd/multi-user.target.wants/${unit}`, link: `/usr/lib/systemd/system/${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [file, dropIn] }],
  };
}
