import { createHash } from "node:crypto";
import { architectureOf, defaultArchitecture } from "../components/host/hardware/architecture.ts";
import { debianReleases } from "../components/host/system/debian-releases.ts";
import { type DeliveredRouter, packagesOf } from "../components/network/router-systems/delivered-routers.ts";
import type { DeclaredHost } from "../components/registry/bundle/renderer.ts";
import { architectures } from "../lib/architectures.ts";
import { buildApplier } from "./build.ts";
import { hostPackages, maskedUnits } from "./protocol/packages.generated.ts";
import { usedPackages } from "./used-packages.ts";

/** The bootstrap command of a host: a constant script, and its standard input. Neither contains secrets. */
export interface HostBootstrap {
  readonly script: string;
  /** One line `<release> <architecture> <SHA-256 of the applier> <repair> <package or unit to mask> ... +<runtime> ... [=<day of an upgrade>] [@<manufacturer of a router>]`, then the applier's text. */
  readonly payload: string;
  /** SHA-256 of the payload without a repair, without an upgrade and without packages that only some hosts use, hex. */
  readonly digest: string;
  /** Debian packages that it installs because something declared on the host uses them. */
  readonly packages: readonly string[];
}

export interface Bootstrap {
  /** SHA-256 of the applier's text, hex. */
  readonly applier: string;
  /** {@link digestOf} it, whatever is declared for a host. */
  readonly digest: string;
  /** @param repair raise it to run the bootstrap again although nothing else changed */
  for(on: DeclaredHost, repair: number): HostBootstrap;
  /** Of a router: no packages but its own, no masked units, and the applier learns that it is one. */
  forRouter(router: DeliveredRouter, repair: number): HostBootstrap;
}

/** SHA-256 of the bootstrap and of the applier that it installs, hex. */
export function digestOf({ script, payload }: Pick<HostBootstrap, "script" | "payload">): string {
  return sha256(script, payload);
}

/** Builds the applier, or takes it from the cache, and makes the bootstrap. */
export async function loadBootstrap(): Promise<Bootstrap> {
  const text = await buildApplier();
  const applier = sha256(text);
  type Words = readonly string[];
  const payloadOf = (system: string, repair: number, names: Words) =>
    `${system} ${applier} ${repair} ${names.join(" ")}\n${text}`;
  const payload = (system: string, runtimes: Words, repair: number, used: Words = [], upgrade: Words = []) =>
    payloadOf(system, repair, [
      ...hostPackages,
      ...used,
      ...maskedUnits,
      ...runtimes.map((name) => `+${name}`),
      ...upgrade,
    ]);
  return {
    applier,
    digest: digestOf({ script: bootstrapScript, payload: payload("any any", [], 0) }),
    for: (on, repair) => {
      const system = `${on.host.release} ${architectureOf(on.host).debian}`;
      const { runtimes } = on.host;
      const packages = usedPackages(on);
      const asOf = on.host.upgrades.asOf;
      return {
        script: bootstrapScript,
        payload: payload(system, runtimes, repair, packages, asOf === undefined ? [] : [`=${asOf}`]),
        digest: sha256(payload(system, runtimes, 0)),
        packages,
      };
    },
    forRouter: (router, repair) => {
      const packages = packagesOf(router);
      const maker = `@${router.manufacturer}`;
      const release = debianReleases.findLast(({ supported }) => supported)!;
      const system = `${release.codeName} ${architectures[defaultArchitecture].debian}`;
      return {
        script: bootstrapScript,
        payload: payloadOf(system, repair, [...packages, maker]),
        digest: sha256(payloadOf(system, 0, [maker])),
        packages,
      };
    },
  };
}

function sha256(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text);
  return hash.digest("hex");
}

/**
 * POSIX sh, because Node.js may not be installed yet. A second run changes nothing; with all packages installed it does not use the
 * network. It waits for locks of dpkg and apt (`FAIRHOST_LOCK_SECONDS`, 300) and never removes them. It never installs packages that
 * cannot be authenticated.
 */
export const bootstrapScript = `# Prepares a host for Fairhost: packages, the applier, its fixed symlinks.
set -eu
umask 022
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
bound=\${FAIRHOST_LOCK_SECONDS:-300}
say() { printf '%s: %s\\n' "$(uname -n)" "$*" >&2; }
fail() { say "bootstrap: $*"; exit 1; }
within() { # Repeats a command until it succeeds or the time is over: others may hold the package locks.
  end=$(($(date +%s) + bound))
  until "$@"; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 5
  done
}
quiet() { "$@" >"$log" 2>&1; }
apt() {
  apt-get -q -y -o DPkg::Lock::Timeout="$bound" -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \\
    -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o APT::Get::AllowUnauthenticated=false \\
    -o Acquire::AllowInsecureRepositories=false --no-install-recommends "$@"
}

[ "$(id -u)" = 0 ] || fail 'must run as root: set fairhost:sshUser to root'
IFS=' ' read -r release architecture digest _ names || fail 'nothing arrived on standard input'
# shellcheck source=/dev/null
system=$(. /etc/os-release && echo "\${ID:-unknown} \${VERSION_CODENAME:-}")
[ "$system" = "debian $release" ] || fail "this host runs $system, but the inventory declares debian $release: upgrade the host, or fix release in the inventory"
here=$(dpkg --print-architecture)
[ "$here" = "$architecture" ] || fail "this host is $here, but must be $architecture: install Debian for $architecture on it"

mkdir -p /usr/local/sbin
applier=/usr/local/sbin/fairhost-host
log=$(mktemp)
# A name of its own: a second bootstrap may run at the same time.
new=$(mktemp "$applier.XXXXXX")
before=$(mktemp)
trap 'rm -f "$new" "$log" "$before"' EXIT
cat >"$new"
[ "$(sha256sum <"$new")" = "$digest  -" ] || fail 'the applier arrived damaged: deploy again'

missing='' masked='' runtimes='' upgrade='' router=''
for name in $names; do
  case $name in @*) router=\${name#@} && continue ;; esac
  case $name in =*) upgrade=\${name#=} && continue ;; esac
  case $name in *.service | *.socket | *.timer | *.path) masked="$masked $name" && continue ;; esac
  [ "$(dpkg-query -W -f='\${db:Status-Status}' "\${name#+}" 2>/dev/null)" != installed ] || continue
  case $name in +*) runtimes="$runtimes \${name#+}" ;; *) missing="$missing $name" ;; esac
done
# Once for each day that is declared; whoever has installed needrestart(1) gets its list, and no restarts.
upgraded=/var/lib/fairhost/upgraded
[ "$upgrade" != "$(cat $upgraded 2>/dev/null)" ] || upgrade=''
export NEEDRESTART_MODE=l
if [ -n "$missing$runtimes$upgrade" ]; then
  # Daemons that accounts start for themselves: Debian would start its own as soon as it is installed.
  # shellcheck disable=SC2086
  [ -z "$masked" ] || systemctl --quiet mask $masked
  if [ -n "$(dpkg --audit)" ]; then
    say 'finishing an interrupted run of dpkg'
    within quiet dpkg --configure -a --force-confdef --force-confold || {
      cat "$log" >&2
      fail "dpkg was interrupted and cannot be finished (or was locked for $bound s): fix dpkg by hand, then deploy again"
    }
  fi
  install() {
    [ $# -gt 0 ] || return 0
    say "installing $*"
    quiet apt install "$@" || { within quiet apt update --error-on=any && quiet apt install "$@"; } || {
      tail -n 20 "$log" >&2
      fail "cannot install packages ( $* ); running services were not touched. Fix the errors above, then deploy again"
    }
  }
  # Unquoted on purpose: lists of package names.
  # shellcheck disable=SC2086
  install $missing
  # What is here only because something declared uses it: drift says so when nothing does any longer.
  mkdir -p /var/lib/fairhost
  # shellcheck disable=SC2086
  printf '%s\\n' $missing >>/var/lib/fairhost/packages
  if [ -n "$runtimes" ]; then
    # Services of runtimes (PHP-FPM) are not for the host, now or at boot.
    policy=/usr/sbin/policy-rc.d
    [ ! -e $policy ] || grep -q fairhost $policy || fail "remove $policy, then deploy again"
    units() { find /usr/lib/systemd/system -maxdepth 1 \\( -name '*.service' -o -name '*.socket' -o -name '*.timer' \\) ! -name '*@*' | sort; }
    units >"$before"
    trap 'rm -f "$new" "$log" "$before" $policy' EXIT
    printf '#!/bin/sh\\nexit 101 # fairhost\\n' >$policy
    chmod 755 $policy
    # shellcheck disable=SC2086
    install $runtimes
    rm -f $policy
    units | comm -13 "$before" - | sed 's,.*/,,' | xargs -r systemctl --quiet mask
  fi
  if [ -n "$upgrade" ]; then
    say "upgrading all packages, as of $upgrade"
    { within quiet apt update --error-on=any && within quiet apt upgrade --with-new-pkgs; } || {
      tail -n 20 "$log" >&2
      fail 'cannot upgrade the packages. Fix the errors above, then deploy again'
    }
    printf '%s\\n' "$upgrade" >$upgraded
  fi
  # Accounts' programs find the files of these packages in /etc.
  systemctl --quiet try-restart fairhost-view.service || :
fi

chmod 755 "$new"
if cmp -s "$new" "$applier"; then
  rm "$new"
else
  sync "$new"
  mv -f "$new" "$applier"
  say 'installed the applier'
fi
# shellcheck disable=SC2086
"$applier" init $router
`;
