import type { BundleFolder } from "../registry/bundle-folder.ts";

/**
 * Drop-ins contain the sandbox and the shares of all accounts, so each is a boundary, except those of the daemons named here and of
 * one account's slice and services (its plan's limits). The unit that makes what sandboxes show, and units of the packet filter and of SSH are boundaries too, because they could disable it.
 */
const boundary =
  /^(?!(nginx|bird)\.service\.d\/|account-\d+(\.slice|-\.service)\.d\/)[^/]+\.d\/|^fairhost-view\.service|(^|\/)(nftables|sshd?)\.(service|socket)(\.d\/|$)/;

/** Units, drop-ins and `.wants` links. */
export const systemd = {
  name: "systemd",
  link: "/usr/local/lib/systemd/system",
  validator: "units",
  takesEffect: { by: "daemon-reload" },
  boundary,
} as const satisfies BundleFolder;
