import { type BundleFile, type BundleUnit, currentGeneration, routeProtocol } from "../../delivery/protocol/bundle.ts";
import { plainAddress4, unitFile } from "../../lib/systemd/unit-file.ts";
import { resolver } from "../account-network/links.ts";
import { confined } from "../host/units/confined.ts";
import { frontEndOf, type Listening } from "../http/render-front-end.ts";
import { plainPrefix } from "../network/render-bird.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";

const unit = "fairhost-routes.service";
const script = "network/set-routes";
const ownAddress4 = "network/address4";

export const renderer: Renderer<"addresses"> = {
  key: "addresses",
  whileSuspended: true,
  ofHost: ({ declaration, host }) => renderRoutes(frontEndOf(declaration, host.name)),
  ofAccount: ({ address }) => ({ files: renderRoute(address) }),
};

/** The file with one account's prefix. */
function renderRoute(address: Hostless<"addresses">): BundleFile[] {
  return [{ path: `network/accounts/${address.account}`, content: `${plainPrefix(address)}\n` }];
}

/**
 * Makes every address of the accounts' /64s local to the host ("AnyIP": a route of type local, no address on any interface), and the
 * address of the accounts' resolver, and the front end's IPv4 address, if it has one.
 * A separate unit ensures that exactly the listed routes exist, whichever program manages the links. It runs `ip` twice,
 * whatever the number of accounts, and does not touch routes that stay.
 */
function renderRoutes({ address4 }: Listening): { files: BundleFile[]; units: BundleUnit[] } {
  return {
    files: [
      { path: "network/resolver", content: `${resolver}\n` },
      ...(address4 === undefined ? [] : [{ path: ownAddress4, content: `${plainAddress4(address4)}\n` }]),
      {
        path: script,
        mode: 0o755,
        content: `#!/bin/bash
# The local routes of the accounts' prefixes, of their resolver and of the front end's IPv4 address: adds what is missing, takes away what is no longer listed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
shopt -s nullglob
have() { ip "$1" route show table local proto ${routeProtocol} | sed 's/^local //; s/ .*//' | sort; }
want() { [ $# = 0 ] || sort "$@"; }
set_routes() {
  comm -3 --output-delimiter=+ <(want "\${@:2}") <(have "$1") |
    sed -E 's,^\\+(.*),route del local \\1 dev lo table local proto ${routeProtocol},; t; s,.*,route replace local & dev lo table local proto ${routeProtocol},' |
    ip "$1" -batch -
}
set_routes -6 accounts/* resolver
set_routes -4 address4*
`,
      },
      {
        path: `systemd/${unit}`,
        content: unitFile({
          Unit: {
            Description: "Local routes of the accounts' prefixes",
            After: "network-pre.target",
            Before: "network.target",
            // Each deploy that adds an account restarts it; several restarts within seconds are normal.
            StartLimitIntervalSec: "0",
          },
          Service: {
            ...confined,
            CapabilityBoundingSet: "CAP_NET_ADMIN",
            RestrictAddressFamilies: "AF_NETLINK",
            Type: "oneshot",
            RemainAfterExit: "yes",
            ExecStart: `${currentGeneration}/${script}`,
          },
        }),
      },
      { path: `systemd/multi-user.target.wants/${unit}`, link: `../${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [`systemd/${unit}`, script, "network/"] }],
  };
}
