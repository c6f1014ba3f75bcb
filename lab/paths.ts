import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout this lab belongs to. */
export const checkout: string = resolve(import.meta.dirname, "..");

/** What belongs to this checkout's lab: sockets, process records, overlays, keys. Ignored by git. */
export const labDirectory: string = join(checkout, ".lab");

/** Images, shared by all checkouts of a user; one folder a recipe. Safe to delete: it is made again. */
export const cacheDirectory: string = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "fairhost", "lab");

/** The controller's key pair, made at the first `up`, authorised for root on every lab host. */
export const controllerKey: string = join(labDirectory, "id_ed25519");

/** Host keys of the lab's hosts as `[127.0.0.1]:2201 ssh-ed25519 ...` lines. */
export const knownHosts: string = join(labDirectory, "known_hosts");
