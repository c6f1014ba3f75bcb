import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import { type InterfaceFile, interfaceFiles, othersRoutes } from "../../../lib/systemd/interface-files.ts";
import { journald } from "../../host/journald.host.ts";
import { links } from "../../host/links.host.ts";
import { networkd } from "../../host/networkd.host.ts";
import { declaredWays, journalBounds } from "../../host/render-host.ts";
import { sysctl } from "../../host/sysctl.host.ts";
import type { RouterPlan } from "./router-plan.ts";
import type { RouterFile, RouterSystem } from "./router-system.ts";

/** What routers that run Debian have beside their routing: interfaces of systemd-networkd, and a kernel that forwards. */

/** Interfaces of the kernel, as those of hosts. Two names are taken. */
export const debianPorts: RouterSystem["ports"] = {
  format: /^(?!bond0$)[a-z][a-z0-9]{1,14}$/,
  says: "an interface of the kernel such as enp1s0, but not bond0, which ports to switches become",
};

const settings = `# It forwards. First: it sets others to their defaults.
net.ipv4.ip_forward = 1
net.ipv6.conf.all.forwarding = 1
net.ipv6.conf.default.forwarding = 1
# Its own routes are BGP's and its own.
net.ipv6.conf.all.accept_ra = 0
net.ipv6.conf.default.accept_ra = 0
# Ways out and back differ: a source that leads elsewhere is none to drop. The largest of both counts.
net.ipv4.conf.all.rp_filter = 0
net.ipv4.conf.default.rp_filter = 0
net.ipv4.conf.*.rp_filter = 0
# No packet changes the way, and none brings its own; who sends redirects takes the larger of two.
${declaredWays}net.ipv4.conf.*.send_redirects = 0
# Addresses stay while an interface is down.
net.ipv6.conf.all.keep_addr_on_down = 1
net.ipv6.conf.default.keep_addr_on_down = 1
# Neighbours that it remembers: more than the firewall lets anybody ask for beside those that are there. Those of the machine, not of a container.
-net.ipv4.neigh.default.gc_thresh1 = 1024
-net.ipv4.neigh.default.gc_thresh2 = 4096
-net.ipv4.neigh.default.gc_thresh3 = 8192
-net.ipv6.neigh.default.gc_thresh1 = 1024
-net.ipv6.neigh.default.gc_thresh2 = 4096
-net.ipv6.neigh.default.gc_thresh3 = 8192
`;

/** Files of a router that runs Debian, by their paths there: none if the inventory does not name its ports. */
export function debianFiles({ interfaces, routerId }: RouterPlan): RouterFile[] {
  if (interfaces.length === 0) return [];
  const files = interfaces.flatMap((each): InterfaceFile[] =>
    interfaceFiles({ ...each, bond: { name: "bond0", mac: macOf(routerId) } }),
  );
  return [
    ...files.map(({ ending, content }) => ({ path: `/etc/systemd/network/05-fairhost-${ending}`, content })),
    { path: "/etc/systemd/networkd.conf.d/fairhost.conf", content: othersRoutes },
    { path: "/etc/sysctl.d/60-fairhost.conf", content: settings },
  ];
}

/** What the applier and deliveries need on a router, beside its routing. */
export const debianPackages: readonly string[] = ["nftables", "nodejs", "openssh-server"];

const folders = [
  ["/etc/systemd/network/", links.name],
  ["/etc/systemd/networkd.conf.d/", networkd.name],
  ["/etc/sysctl.d/", sysctl.name],
] as const;

/** The same files in a bundle, where they do not touch those of others, and the bounds of the journal. */
export function debianBundle(plan: RouterPlan): BundleFile[] {
  const files = debianFiles(plan).map(({ path, content }) => {
    const [place, folder] = folders.find(([place]) => path.startsWith(place))!;
    return { path: `${folder}/${path.slice(place.length)}`, content };
  });
  return [...files, { path: `${journald.name}/50-fairhost.conf`, content: journalBounds }];
}

/** An address of the local range (IEEE 802), of the router's identifier. */
function macOf(routerId: string): string {
  const octets = routerId.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
  return ["02", "fc", ...octets].join(":");
}
