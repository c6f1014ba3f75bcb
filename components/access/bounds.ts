/** Port of the sockets of accounts' SSH: the firewall leads port 22 of their addresses there (components/network/render-nftables.ts). */
export const sshListens = 8022;

/**
 * New connections to SSH of all accounts of a host together, beyond which they are dropped: each has systemd start two units, about 40 ms of
 * CPU. Steady traffic beyond it is served at this rate: clients repeat the packet after 1, 3, 7 s. The host's own SSH has no part in it.
 */
export const sshFlood = "50/second burst 200 packets";

/** Bounds of one account's SSH. */
export const connections = {
  /** Open at the same time; one more is closed at once, until another ends. */
  account: 20,
  /** Of these, of one visitor: an address, and for SSH and FTPS a /64, of which one person has every address. */
  source: 10,
  /** New ones in ten seconds. More wait for the next ten. */
  begun: 30,
  /** Sessions in one connection. */
  sessions: 20,
} as const;
