/** Minutes after which a standby has a new backup at the latest, for plans of older releases, which do not say it. */
export const usualStandbyMinutes = 60;

/**
 * How much of an account's disk limit its copy on a standby host may take: a new repository comes whole before the old one goes, and changes are kept beside the
 * files (components/backup/render-repositories.ts). It is the room of the account itself, too, once that runs there.
 */
export const copyTimes = 3;
