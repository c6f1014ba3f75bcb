import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { logs } from "../account/account-paths.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { linkGroup, linkPrefix, linkRouteProtocol } from "./links.ts";

/** Template of the units that hold accounts' networks; the instance is the account's number. Not `account-...`: the sandbox is not for it. */
const template = "fairhost-network@.service";
const script = "libexec/account-network";

/** The unit that holds an account's network. */
export function networkOf(account: number): string {
  return template.replace("@", `@${account}`);
}

/** Bundle paths of what makes the networks. Units of accounts list them in `restartOn`: their network is made anew with a change. */
export const networkFiles: readonly string[] = [`systemd/${template}`, script];

export const renderer: Renderer<"addresses"> = {
  key: "addresses",
  whileSuspended: true,
  ofHost: () => renderAccountNetworks(),
  ofAccount: ({ address }) => ({ files: renderJoin(address) }),
};

/**
 * The unit that makes an account's network when the first of its programs starts, and lets it go with the last: while an account
 * sleeps there is no process, no namespace and no link. A service of systemd, so that all units of the account can join its namespace.
 */
function renderAccountNetworks(): { files: BundleFile[]; units: BundleUnit[] } {
  const log = `append:/srv/accounts/%i/${logs}/network.log`;
  const content = ownText(import.meta.dirname, "account-network.sh")
    .replaceAll("@CURRENT@", currentGeneration)
    .replaceAll("@PREFIX@", linkPrefix)
    .replaceAll("@GROUP@", `${linkGroup}`)
    .replaceAll("@PROTOCOL@", `${linkRouteProtocol}`);
  return {
    files: [
      { path: script, content, mode: 0o755 },
      {
        path: `systemd/${template}`,
        content: unitFile({
          Unit: {
            Description: "Network of account %i",
            RequiresMountsFor: "/srv/accounts",
            // It goes with the account's last program.
            StopWhenUnneeded: "yes",
            // A program that starts and ends often needs it as often.
            StartLimitIntervalSec: "0",
          },
          // Nothing that needs mounts beside those that its namespaces bring: each start of a sleeping account waits for them. Its script reads
          // and writes nothing of an account's.
          Service: {
            NoNewPrivileges: "yes",
            Type: "oneshot",
            RemainAfterExit: "yes",
            ExecStart: `${currentGeneration}/${script} %i`,
            // The account's programs wait for it, and so do its visitors: it takes a tenth of a second. 10 s were too few on an emulated host with much
            // to do, and what has failed is drift.
            TimeoutStartSec: "60s",
            StandardOutput: log,
            PrivateNetwork: "yes",
            // Without it every unit that joins would be in the host's IPC namespace, whatever its own PrivateIPC= says.
            PrivateIPC: "yes",
            // Links and routes; another network namespace (setns(2)), that of PID 1 (ptrace(2), access mode checking).
            CapabilityBoundingSet: "CAP_NET_ADMIN CAP_SYS_ADMIN CAP_SYS_PTRACE",
            RestrictAddressFamilies: "AF_UNIX AF_NETLINK",
          },
        }),
      },
    ],
    units: [{ name: template, want: "on-demand", restartOn: networkFiles }],
  };
}

/**
 * Lets every service of an account join its network: a prefix drop-in, so new kinds of units need nothing. Wants=, because Requires= would
 * keep visitors waiting for a program that cannot start; PartOf=, because nobody can join a namespace that was made anew.
 */
function renderJoin({ account }: Hostless<"addresses">): BundleFile[] {
  const unit = networkOf(account);
  return [
    {
      path: `systemd/account-${account}-.service.d/50-network.conf`,
      content: unitFile({ Unit: { JoinsNamespaceOf: unit, Wants: unit, PartOf: unit, After: unit } }),
    },
  ];
}
