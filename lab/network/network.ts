import { labName, portBase } from "../paths.ts";

/**
 * The lab's network, as constants: one namespace without a route out. Each host has a link to each of two switches; the
 * namespace itself acts as the two routers of the site and as the clients outside. lab/README.md has a picture.
 */
export const namespace: string = labName;

/** Two bridges joined by a trunk: one layer-2 domain, like two switches of a rack. */
export const switches = ["switch-a", "switch-b"] as const;

/** The site's /48; number 0 is its infrastructure, account `n` has the /64 number `n`. */
const sitePrefix = "fd00:8000::/48";
const infrastructurePrefix = "fd00:8000::/64";

/** The network's AS number. The routers use it and accept every AS in the infrastructure prefix as a host. */
const routerAsNumber = 60362;

/** Each router is connected to one switch. One BIRD runs both. */
const routers = [
  { name: "router-1", address: "fd00:8000::1", switch: "switch-a", interface: "router-1" },
  { name: "router-2", address: "fd00:8000::2", switch: "switch-b", interface: "router-2" },
] as const;

/** Source address of requests to accounts, outside the site. */
const clientAddress = "fd00:8000:ffff::1";

/** One host of the lab; inventory/lab/hosts has the same values. */
export interface LabHost {
  readonly name: string;
  /** 1, 2, ...: decides everything below. */
  readonly number: number;
  readonly address: string;
  /** Private use (RFC 6996). */
  readonly asNumber: number;
  /** Port of 127.0.0.1 for the controller's SSH. */
  readonly sshPort: number;
  /** MAC of the bond and of each link: locally administered. */
  readonly macs: { readonly bond: string; readonly links: readonly [string, string] };
  /** Names of the taps in the namespace, one a link. */
  readonly taps: readonly [string, string];
  /** Serial numbers of the two disks. */
  readonly serials: readonly [string, string];
}

/** The values of host number 1 to 89. */
function hostNumber(number: number): LabHost {
  const name = `web${number}`;
  const mac = (last: number): string => `52:54:00:fa:${number.toString(16).padStart(2, "0")}:0${last}`;
  return {
    name,
    number,
    address: `fd00:8000::${10 + number}`,
    asNumber: 4_200_000_010 + number,
    sshPort: portBase + number,
    macs: { bond: mac(0), links: [mac(1), mac(2)] },
    taps: [`${name}-a`, `${name}-b`],
    serials: [`${name}-a`, `${name}-b`],
  };
}

/** web1 and web2: what the lab's inventory declares. */
export const hosts: readonly LabHost[] = [hostNumber(1), hostNumber(2)];

/** Commands for `ip -batch` that build the network inside the namespace. */
export function renderLinks(labHosts: readonly LabHost[]): string {
  const lines = ["link set lo up", `addr add ${clientAddress}/128 dev lo`];
  for (const name of switches)
    lines.push(`link add ${name} type bridge stp_state 0 forward_delay 0`, `link set ${name} up`);
  const connect = (one: string, other: string, into: string): void => {
    lines.push(
      `link add ${one} type veth peer name ${other}`,
      `link set ${other} master ${into}`,
      `link set ${other} up`,
    );
  };
  connect("trunk-a", "trunk-b", "switch-b");
  lines.push("link set trunk-a master switch-a", "link set trunk-a up");
  for (const router of routers) {
    connect(router.interface, `${router.interface}-port`, router.switch);
    lines.push(`addr add ${router.address}/64 dev ${router.interface} nodad`, `link set ${router.interface} up`);
  }
  for (const labHost of labHosts) {
    for (const [index, tap] of labHost.taps.entries()) {
      lines.push(
        `tuntap add dev ${tap} mode tap vnet_hdr`,
        `link set ${tap} master ${switches[index]}`,
        `link set ${tap} up`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Both routers in one BIRD 2: hosts announce /64s of the site (never the infrastructure's) and get the default route. */
export function renderRouterBird(): string {
  const sessions = routers.map(
    ({ name, address, interface: link }) => `
protocol bgp ${name.replace("-", "_")} from hosts {
  local ${address} as ${routerAsNumber};
  neighbor range ${infrastructurePrefix} external;
  dynamic name "${name.replace("-", "_")}_host";
  interface "${link}";
  passive;
}
`,
  );
  return `# The lab's routers ${routers.map(({ name }) => name).join(" and ")}.
log stderr all;
router id 192.0.2.1;

protocol device {
}

protocol static ends_here {
  ipv6;
  # Nothing leaves the lab: what has no better route ends here.
  route ::/0 unreachable;
}

protocol kernel {
  ipv6 {
    import none;
    export filter {
      if source != RTS_BGP then reject;
      krt_prefsrc = ${clientAddress};
      accept;
    };
  };
  merge paths on;
}

template bgp hosts {
  hold time 30;
  ipv6 {
    next hop self;
    import limit 2000 action disable;
    import where net ~ [ ${sitePrefix}{64,64} ] && net != ${infrastructurePrefix} && bgp_path.len = 1;
    export where proto = "ends_here";
  };
}
${sessions.join("")}`;
}
