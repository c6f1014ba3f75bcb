/**
 * What things cost, for forecasts. Measured on Debian 13 (systemd 257, nginx 1.26): orders of magnitude for a person who has
 * to decide, not promises.
 */

/** Seconds one HTTP server of an account does not answer when its files change: it is stopped, and the next request starts it. */
export const serverRestartSeconds = 2;

/** Seconds that `systemctl restart` of a service of the host takes; what it serves stops for as long. */
export const serviceRestartSeconds = 5;

/**
 * Bytes a second of an md resync. The kernel's default ceiling is 200 MB/s (md(4), sync_speed_max), and it makes way for
 * other work.
 */
const resyncBytesPerSecond = 200e6;

/** Minutes until a new member of a mirror holds everything; all of the disk is copied, used or not (md(4)). */
export function resyncMinutes(sizeGb: number): number {
  return Math.ceil((sizeGb * 1e9) / resyncBytesPerSecond / 60);
}
