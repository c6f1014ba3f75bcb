// Written by `npm run generate` from the files beside it. Do not edit.
import { access } from "../../access/access.host.ts";
import { ulogd } from "../../account-network/ulogd.host.ts";
import { unbound } from "../../account-network/unbound.host.ts";
import { proc } from "../../account/proc.host.ts";
import { userdb } from "../../account/userdb.host.ts";
import { network } from "../../address/network.host.ts";
import { backup } from "../../backup/backup.host.ts";
import { repositories } from "../../backup/repositories.host.ts";
import { standby } from "../../backup/standby.host.ts";
import { varnish } from "../../cache/varnish.host.ts";
import { databases } from "../../database/databases.host.ts";
import { journald } from "../../host/journald.host.ts";
import { links } from "../../host/links.host.ts";
import { modprobe } from "../../host/modprobe.host.ts";
import { networkd } from "../../host/networkd.host.ts";
import { sshd } from "../../host/sshd.host.ts";
import { sysctl } from "../../host/sysctl.host.ts";
import { systemd } from "../../host/systemd.host.ts";
import { apache } from "../../http/apache.host.ts";
import { libexec } from "../../http/libexec.host.ts";
import { lighttpd } from "../../http/lighttpd.host.ts";
import { nginx } from "../../http/nginx.host.ts";
import { sites } from "../../http/sites.host.ts";
import { bird } from "../../network/bird.host.ts";
import { frrDaemons } from "../../network/frr-daemons.host.ts";
import { frr } from "../../network/frr.host.ts";
import { nftables } from "../../network/nftables.host.ts";
import { routerFirewall } from "../../network/router-firewall.host.ts";
import { thresholds } from "../../task/thresholds.host.ts";
import { chrony } from "../../time/chrony.host.ts";
import { apt } from "../../upgrade/apt.host.ts";
import { waf } from "../../waf/waf.host.ts";
import type { BundleFolder, NamesIn } from "./bundle-folder.ts";

const registered = [
  access,
  ulogd,
  unbound,
  proc,
  userdb,
  network,
  backup,
  repositories,
  standby,
  varnish,
  databases,
  journald,
  links,
  modprobe,
  networkd,
  sshd,
  sysctl,
  systemd,
  apache,
  libexec,
  lighttpd,
  nginx,
  sites,
  bird,
  frrDaemons,
  frr,
  nftables,
  routerFirewall,
  thresholds,
  chrony,
  apt,
  waf,
] as const satisfies readonly BundleFolder[];

export type Names = NamesIn<(typeof registered)[number]>;

/** Every folder of a host's generation. A path in any other is refused by the applier and needs an approval. */
export const bundleFolders: readonly BundleFolder<Names>[] = registered;
