/**
 * Exit status of a script that runs an account's program when it gives the program up (EX_SOFTWARE of sysexits.h): the service stays failed until a deploy changes it, the
 * host's administrator starts it, or the host boots.
 */
export const gaveUp = 70;
