/**
 * Directories below /run of HTTP servers with a cache: the servers' sockets, which the cache of their account alone sees, and the sockets of
 * the caches, which the front end alone opens. A folder for each account.
 */
export const cachedSockets = "fairhost-cached";
export const frontSockets = "fairhost-caches";
