/**
 * sshd_config(5) of an account's SSH server. It runs as the account's uid, so all of it is there to keep order; what keeps the account
 * in is its sandbox.
 * @param directory where it finds the keys
 */
export function sshdConfiguration(directory: string): string {
  const settings: readonly (readonly [string, string])[] = [
    ["UsePAM", "no"],
    // Only what the inventory has: nothing in the home decides who may log in.
    ["AuthorizedKeysFile", `${directory}/keys/%u`],
    // It would look for the account's ownership of files that are root's.
    ["StrictModes", "no"],
    ["AuthenticationMethods", "publickey"],
    ["PasswordAuthentication", "no"],
    ["KbdInteractiveAuthentication", "no"],
    ["RequiredRSASize", "3072"],
    ["MaxAuthTries", "6"],
    ["LoginGraceTime", "30"],
    ["MaxSessions", "20"],
    // A client that is gone is noticed after three minutes. Traffic, and answers of a client that idles, keep a connection open.
    ["ClientAliveInterval", "60"],
    ["ClientAliveCountMax", "3"],
    // Ended: a shell without a key pressed or a letter printed for a day, a connection without a session for ten minutes.
    ["ChannelTimeout", "session:shell=1d"],
    ["UnusedConnectionTimeout", "10m"],
    ["X11Forwarding", "no"],
    ["PrintMotd", "no"],
    ["PrintLastLog", "no"],
    ["PidFile", "none"],
    ["Subsystem", "sftp internal-sftp"],
  ];
  return `${settings.map((setting) => setting.join(" ")).join("\n")}\n`;
}
