/** First part of the paths at which an account's names and address lead to its users' files. No web site can have it. */
export const webdavPart = ".webdav";

/** The socket on which the front end asks for a password of an account's WebDAV; behind it the account's number. */
export const webdavCheck = "/run/fairhost-webdav";
