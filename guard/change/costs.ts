/**
 * What things cost, for forecasts. Measured on Debian 13 (systemd 257, nginx 1.26): orders of magnitude for a person who has
 * to decide, not promises.
 */

/** Seconds one HTTP server of an account does not answer when its files change: it is stopped, and the next request starts it. */
export const serverRestartSeconds = 2;

/** Seconds that `systemctl restart` of a service of the host takes; what it serves stops for as long. */
export const serviceRestartSeconds = 5;
