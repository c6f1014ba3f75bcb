import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { modprobe } from "./modprobe.host.ts";

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: () => ({ files: [renderModules()] }),
};

/**
 * What no host of Fairhost needs: code in the kernel that a program or a plugged device would load without being asked. Modules that a
 * host needs must not depend on any of them: components/host/base.it.test.ts looks at Debian's kernel.
 */
const denied: readonly (readonly [why: string, modules: readonly string[]])[] = [
  [
    "Network protocols that nobody speaks here: a program that opens a socket of one would load it, and most have had holes for it.",
    [
      ...[
        "dccp",
        "sctp",
        "rds",
        "tipc",
        "smc",
        "kcm",
        "rxrpc",
        "af_key",
        "l2tp_core",
        "mpls_router",
        "batman-adv",
        "hsr",
      ],
      ...["appletalk", "ax25", "netrom", "rose", "llc2", "lapb", "p8022", "atm", "phonet", "qrtr"],
      ...["can", "ieee802154", "6lowpan", "bluetooth", "nfc"],
    ],
  ],
  [
    "File systems of other machines: hosts have ext4, and FAT for the boot loader. A disk that is plugged in is not believed.",
    [
      ...[
        "adfs",
        "affs",
        "befs",
        "bfs",
        "efs",
        "freevxfs",
        "hfs",
        "hfsplus",
        "hpfs",
        "jffs2",
        "jfs",
        "minix",
        "nilfs2",
      ],
      ...[
        "omfs",
        "qnx4",
        "qnx6",
        "reiserfs",
        "romfs",
        "sysv",
        "ubifs",
        "udf",
        "ufs",
        "vboxsf",
        "zonefs",
        "f2fs",
        "exfat",
      ],
      ...["ntfs3", "bcachefs", "erofs", "ecryptfs", "coda", "kafs", "gfs2", "ocfs2", "orangefs", "ceph", "ksmbd"],
    ],
  ],
  [
    "Storage that somebody at the rack could plug in, and buses by which a device reads memory. A medium of the management controller is USB storage too: the host boots from it, with another kernel.",
    ["usb-storage", "uas", "firewire-core", "thunderbolt"],
  ],
];

function renderModules(): BundleFile {
  const lines = denied.map(
    ([why, modules]) =>
      `# ${why}\n${modules.map((name) => `blacklist ${name}\ninstall ${name} /bin/false\n`).join("")}`,
  );
  return { path: modprobe.linksTo, content: lines.join("") };
}
