import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import type { Architecture } from "../../../lib/architectures.ts";

/** Bundle path of the filter. */
export const netlinkFilterFile = "libexec/netlink-filter";

const filterInside = "/opt/fairhost/netlink-filter";

/**
 * For units that run programs of an account: they may open sockets of the routing protocol of netlink (getifaddrs(3), if_nameindex(3), `ip`),
 * which shows the account's own network namespace, and of no other. RestrictAddressFamilies= alone cannot tell the protocols apart, and
 * NETLINK_KOBJECT_UEVENT shows an account every device event of the host (measured).
 */
export const netlinkSettings = {
  /** Added to the sandbox's list. */
  addressFamilies: "AF_NETLINK",
  bind: `${currentGeneration}/${netlinkFilterFile}:${filterInside}`,
  /** First words of the unit's command: everything that it starts inherits the filter and cannot remove it (seccomp(2)). */
  command: ["/usr/bin/setpriv", "--seccomp-filter", filterInside, "--"],
} as const;

/**
 * The filter as setpriv(1) loads it: an array of `struct sock_filter`. As a bundle holds text, no octet may exceed 0x7f; so the result
 * "allow" is computed. systemd's filter has already refused calls of other architectures.
 */
export function netlinkFilter({ socket }: Architecture): string {
  const [number, family, protocol] = [0, 16, 32];
  const [load, ifEqual, answer] = [0x20, 0x15, 0x06];
  const [constant, shiftLeft, subtract, answerComputed] = [0x00, 0x64, 0x14, 0x16];
  const [netlink, route] = [16, 0];
  const refused = 0x0005_0000 + 93; // SECCOMP_RET_ERRNO with EPROTONOSUPPORT: as if the kernel had no such protocol
  return [
    instruction(load, number),
    instruction(ifEqual, socket, 0, 5),
    instruction(load, family),
    instruction(ifEqual, netlink, 0, 3),
    instruction(load, protocol),
    instruction(ifEqual, route, 1, 0),
    instruction(answer, refused),
    // SECCOMP_RET_ALLOW, 0x7fff0000.
    instruction(constant, 1),
    instruction(shiftLeft, 31),
    instruction(subtract, 0x1_0000),
    instruction(answerComputed, 0),
  ].join("");
}

/** @param then @param otherwise instructions that a comparison skips */
function instruction(code: number, value: number, then = 0, otherwise = 0): string {
  const octets = [code, 0, then, otherwise, ...[0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)];
  return String.fromCharCode(...octets);
}
