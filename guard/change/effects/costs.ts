/**
 * Costs for forecasts, measured on Debian 13 (systemd 257, nginx 1.26). They are orders of magnitude for the person who decides,
 * not promises.
 */

/** Seconds for which an HTTP server of an account does not answer when its files change: it is stopped, and the next request starts it. */
export const serverRestartSeconds = 2;

/** Seconds that `systemctl restart` of a service of the host takes; the service is down for as long. */
export const serviceRestartSeconds = 5;
