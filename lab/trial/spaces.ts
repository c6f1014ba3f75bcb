import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { LabError } from "../errors.ts";
import { type Topology, visitor, type Wire } from "./topology.ts";

/** How the routing of one namespace is run. */
export interface Daemons {
  /** Path of its configuration in the namespace's folder. */
  readonly configuration: string;
  readonly start: string;
  /** As a power failure does. */
  readonly kill: string;
  /** Nothing of it runs any more, and nothing ends. */
  readonly freeze: string;
  /** Prints one line for each session that is not up, or empty. */
  readonly down: string;
}

/** Where {@link renderSpaces} expects the script that stands for the kernel's bonding. */
export const bondScript = "/run/trial/bond.py";

/** Sessions that are not established, and those over which nothing has come: a neighbour that is up may not be ready. */
const birdLines = `awk -v of="$1" '/^[a-z]/ { name = "" } $2 == "BGP" { name = $1; if (!/Established/) print of " " name } $1 == "Routes:" && $2 == 0 && name { print of " " name " empty" }'`;

/** The programs of a router of this maker. @throws LabError if Debian has none */
export function daemonsOf(name: string, manufacturer: string): Daemons {
  const inside = `ip netns exec ${name}`;
  const folder = `/run/trial/${name}`;
  const unit = (program: string) => `trial-${name}-${program}`;
  const started = (program: string, words: string) =>
    `systemd-run --quiet --collect --unit=${unit(program)} ${inside} ${words}`;
  if (manufacturer === "bird")
    return {
      configuration: "bird/bird.conf",
      // -R: it tells nobody of its routes before it knows its neighbours'.
      start: started("bird", `bird -f -R -c ${folder}/bird/bird.conf -s ${folder}/bird.ctl -P ${folder}/bird.pid`),
      kill: `systemctl kill -s KILL ${unit("bird")}; systemctl stop ${unit("bird")} 2>/dev/null || :`,
      freeze: `systemctl kill -s STOP ${unit("bird")}`,
      down: `set -- ${name}; { birdc -s ${folder}/bird.ctl show protocols all 2>/dev/null || echo "x BGP silent"; } | ${birdLines}`,
    };
  if (manufacturer === "frr") {
    const programs = ["mgmtd", "zebra", "bgpd", "bfdd", "staticd"];
    const shell = `vtysh -N ${name}`;
    return {
      configuration: "frr.conf",
      start: `install -d -o frr -g frr /run/frr/${name} /etc/frr/${name} /var/lib/frr/${name}
rm -f /run/frr/${name}/*
install -o frr -g frr -m 640 ${folder}/frr.conf /etc/frr/${name}/frr.conf
${programs.map((program) => started(program, `/usr/lib/frr/${program} -N ${name} --log syslog`)).join("\n")}
for each in $(seq 100); do
  [ "$(ls /run/frr/${name}/*.vty 2>/dev/null | wc -l)" -ge ${programs.length} ] && break
  sleep 0.05
done
${shell} -b >/dev/null`,
      kill: programs
        .map((program) => `systemctl kill -s KILL ${unit(program)}; systemctl stop ${unit(program)} 2>/dev/null || :`)
        .join("\n"),
      freeze: programs.map((program) => `systemctl kill -s STOP ${unit(program)}`).join("\n"),
      down: [6, 4]
        .map(
          (version) => `${shell} -c 'show bgp ipv${version} unicast summary failed json' 2>/dev/null | python3 -c '
import json, sys
try:
    for peer in json.load(sys.stdin).get("peers", {}): print("${name}", peer)
except ValueError: print("${name} silent")'`,
        )
        .join("\n"),
    };
  }
  throw new LabError(
    `router ${name} is made by ${manufacturer}, whose routers do not run here`,
    "try the fleet with routers of bird or frr",
  );
}

/** Commands that build all namespaces, interfaces, addresses; run once. */
export function renderSpaces(topology: Topology, declaration: Declaration): string {
  const { spaces, wires } = topology;
  const lines = spaces.flatMap(({ name }) => [
    `ip netns add ${name}`,
    `ip netns exec ${name} sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.forwarding=1 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.keep_addr_on_down=1 net.ipv6.conf.default.keep_addr_on_down=1 net.ipv6.conf.default.accept_ra=0 net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0`,
    `ip -n ${name} link set lo up`,
  ]);
  // For hosts and routers an interface in which the link that works is, with one address (MAC) whichever it is; for switches one with all links.
  for (const [index, { name, what }] of spaces.entries()) {
    if (what === "operator" || what === "visitor") continue;
    const bridge =
      what === "switch" ? "ports" : `bond0 address 02:00:00:00:00:${(index + 1).toString(16).padStart(2, "0")}`;
    lines.push(
      `ip -n ${name} link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `ip -n ${name} link set ${bridge.split(" ")[0]} up`,
    );
  }
  // What keeps its carrier while the link is exchanged: the kernel would wait up to a second before it sends again.
  for (const { name, what } of spaces) {
    if (what !== "host" && what !== "router") continue;
    lines.push(
      `ip -n ${name} link add keep type veth peer name keep-peer`,
      `ip -n ${name} link set keep master bond0 up`,
      `ip -n ${name} link set keep-peer up`,
    );
  }
  for (const { interface: link, ends } of wires) {
    const [one, other] = ends;
    lines.push(`ip link add ${link} netns ${one.space} type veth peer name ${link} netns ${other.space}`);
    for (const { space, address, address4 } of ends) {
      if (address !== undefined) lines.push(`ip -n ${space} address add ${address} dev ${link} nodad`);
      if (address4 !== undefined) lines.push(`ip -n ${space} address add ${address4} dev ${link}`);
      if (spaces.find(({ name }) => name === space)!.what === "switch")
        lines.push(`ip -n ${space} link set ${link} master ports`);
      lines.push(`ip -n ${space} link set ${link} up`);
    }
  }
  for (const { name, address } of declaration.hosts) {
    lines.push(`ip -n ${name} address add ${address}/64 dev bond0 nodad`);
    // A route alone is no address to bind to.
    lines.push(`ip netns exec ${name} sysctl -qw net.ipv6.ip_nonlocal_bind=1`);
    for (const each of declaration.addresses.filter(({ host }) => host === name))
      lines.push(`ip -n ${name} -6 route add local ${each.prefix} dev lo`);
    const address4 = declaration.frontEnds.find(({ host }) => host === name)?.address4;
    if (address4 !== undefined) lines.push(`ip -n ${name} route add local ${address4} dev lo`);
  }
  for (const { name, address } of declaration.routers)
    lines.push(`ip -n ${name} address add ${address}/64 dev bond0 nodad`);
  lines.push(
    `ip -n ${visitor.space} address add ${visitor.address}/128 dev lo`,
    `ip -n ${visitor.space} address add ${visitor.address4}/32 dev lo`,
  );
  for (const { name, what } of spaces) {
    if (what !== "host" && what !== "router") continue;
    const ports = wires.filter(({ ends }) =>
      ends.some(({ space, address }) => space === name && address === undefined),
    );
    if (ports.length > 0)
      lines.push(
        `systemd-run --quiet --collect --unit=trial-${name}-bond ip netns exec ${name} python3 ${bondScript} ${ports.map((port) => port.interface).join(" ")}`,
      );
  }
  return lines.join("\n");
}

/** Commands that take a part away, let a namespace hang, or give it back. A link does not hang. */
export function commandsFor(
  { wires }: Topology,
  daemons: ReadonlyMap<string, Daemons>,
  part: { readonly wire: Wire } | { readonly space: string },
  what: "cut" | "hang" | "restore",
): string {
  const set = ({ interface: link }: Wire, space: string) =>
    `ip -n ${space} link set ${link} ${what === "cut" ? "down" : "up"}`;
  if ("wire" in part) return part.wire.ends.map(({ space }) => set(part.wire, space)).join("\n");
  const { space } = part;
  const own = wires.filter(({ ends }) => ends.some((end) => end.space === space));
  const routing = daemons.get(space);
  const inside = `ip netns exec ${space} nft`;
  // It keeps its carriers, hears nothing, and says nothing.
  if (what === "hang")
    return [
      ...own.map(
        ({ interface: link }) =>
          `${inside} 'table netdev hung { chain ${link} { type filter hook ingress device "${link}" priority 0; policy drop; }; }'`,
      ),
      routing?.freeze ?? "",
    ].join("\n");
  const links = own.map((wire) => set(wire, space));
  // Without power the links go first, and nobody says goodbye; the kernel of a machine that starts knows no routes.
  return what === "cut"
    ? [
        ...links,
        `${inside} destroy table netdev hung`,
        ...(routing
          ? [
              routing.kill,
              `for each in bird bgp static zebra; do for family in -4 -6; do ip -n ${space} $family route flush proto $each 2>/dev/null || :; done; done`,
            ]
          : []),
      ].join("\n")
    : [...links, ...(routing ? [routing.start] : [])].join("\n");
}
