/** Minutes after which all that is new has come to the standby, for plans of older releases, which do not say it. */
export const usualStandbyMinutes = 60;

/** The least that a plan can say. Each backup leaves some small files for as long as backups are kept, and reads all of them. */
export const leastStandbyMinutes = 15;

/**
 * How much of an account's disk limit its copy on a standby host may take: a new repository comes whole before the old one goes, and changes are kept beside the
 * files (components/backup/render-repositories.ts). It is the room of the account itself, too, once that runs there.
 */
export const copyTimes = 3;
