/**
 * Where wrong passwords are said, one datagram for each: `<kind>: <address>`. Nobody but the front end and systemd, for units that say so,
 * can write there: what an account writes into a log bans nobody.
 */
export const banSocket = "/run/fairhost-bans.sock";

/** Wrong passwords of one source within these seconds make a ban, which lasts as long. */
export const tooMany = { failures: 50, seconds: 600 } as const;

/** Sources that can be banned at a time. Beyond that nobody is banned anew: the kernel has no room for more. */
export const mostBans = 10_000;
