/**
 * What a user may do. `ssh`: a shell, and with it all that the account may: commands, SFTP, rsync, git, forwarded ports. `sftp`: files below its
 * directory, and nothing else. `webdav`: the same files over HTTPS. `ftps`: the same over FTP with TLS.
 */
export const protocols = ["ssh", "sftp", "webdav", "ftps"] as const;

/** Those that SSH knows nothing of, with their names for sentences: files of the directory, by password alone, over TLS. */
export const byPassword = [
  ["webdav", "WebDAV"],
  ["ftps", "FTPS"],
] as const satisfies readonly (readonly [(typeof protocols)[number], string])[];
