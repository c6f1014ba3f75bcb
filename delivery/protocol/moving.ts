/** Of an account that is held a file with its number is here: nothing of it starts on this host (host/store/moving.ts). */
export const heldAccounts = "/var/lib/fairhost/held";

/** Of an account that a declared restore holds a file with its number is here, too (host/restores). */
export const replacingAccounts = "/var/lib/fairhost/replacing";

/** A file with an account's number: its databases are being restored, in its slice, although it is held. Gone after a boot. */
export const restoringAccounts = "/run/fairhost/restoring";
