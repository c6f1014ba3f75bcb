/**
 * `[Service]` settings that keep a service of the host from all that it does not need (systemd.exec(5)). What it does need follows them in its
 * unit: paths to write to, capabilities, families of sockets. Programs of accounts have a sandbox (components/account/sandbox/render-sandbox.ts).
 */
export const confined = {
  NoNewPrivileges: "yes",
  ProtectSystem: "strict",
  ProtectHome: "yes",
  PrivateTmp: "yes",
  PrivateDevices: "yes",
  ProtectKernelTunables: "yes",
  ProtectKernelModules: "yes",
  ProtectControlGroups: "yes",
  RestrictNamespaces: "yes",
} as const;

/** Beside {@link confined}, for what stands between one account and the host and only carries or answers: no program of an account runs in it. */
export const relayed = {
  ProtectClock: "yes",
  ProtectKernelLogs: "yes",
  ProtectHostname: "yes",
  LockPersonality: "yes",
  RestrictRealtime: "yes",
  RestrictSUIDSGID: "yes",
  UMask: "0077",
} as const;
