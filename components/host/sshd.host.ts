import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/**
 * Settings of the host's own SSH server (sshd_config(5)), by which every delivery comes. The server reads them through a file of the
 * applier's (host/os/ssh/ssh-server.ts), which names whatever `*.conf` there is: a symlink that leads nowhere would keep the server from starting.
 */
export const sshd = {
  name: "sshd",
  validator: "sshServer",
  takesEffect: {
    by: "load",
    loader: "sshServer",
    first: true,
    says: (host) =>
      `Reloads the SSH server of ${host}; open sessions stay. Unless a new login works, the old settings return.`,
  },
} as const satisfies BundleFolder;

/** Keys of a login by which the applier tries new settings, `%u` being the user; missing at all other times. */
export const keysOfTrial = "/run/fairhost/login-of-%u";

/** Not the folder's `entry`: a retired host keeps its SSH server. */
export const sshSettings = { file: "sshd/fairhost.conf", unit: "ssh.service" } as const;
