/** Certificates of a host, where its front end and the program that gets them find them; no account can write there. */

/** Below it one file for each host name, `<name>.pem` (`_.example.org.pem` for `*.example.org`): the key and the chain. Its modification time is when to renew it. */
export const certificates = "/var/lib/fairhost-certificates";

/** Base name of the certificate for every name that has none, signed by itself. */
export const fallback = "default";

/** A file for each name whose certificate is a real one, with its end in seconds since 1970 if that is known. */
export const issued = `${certificates}/issued`;

/** A file for each name whose certificate is one that its account brings. */
export const ownCertificates = `${certificates}/own`;

/** A file for each domain of which the CA gives no more for now, or `_all`: until its modification time; with the CA's words. */
export const heldBack = `${certificates}/held`;

/** Where a CA looks for the proof that a host name is ours (RFC 8555, section 8.3). */
export const challenges = `${certificates}/www`;

/** Inside of a generation: for each account the names that have certificates, `<number>.certificates`, and the files that it brings, `<number>.own`. */
export const securedNames = "sites/accounts";
