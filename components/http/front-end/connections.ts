/**
 * Parallel connections, from a visitor to a program: each part carries at least what the part before it lets through, so the first one
 * that is full is always the front end, which says so (503) instead of letting anybody wait. A test checks the order.
 *
 * Steady traffic neither resets nor shifts any of these: they count what is open at this moment.
 */
export const connections = {
  /** From one visitor to one HTTP server: an IPv4 address, which several people can share, or a /64, of which one person has every address. */
  visitor: 512,
  /** From one visitor to all HTTP servers of a host. */
  visitorInAll: 2048,
  /** To one HTTP server. */
  server: 1024,
  /** To all HTTP servers of one account. */
  account: 2048,
  /** That Apache of an account with tasks enough serves at once; others have less (components/http/program/apache.ts). */
  apache: 128,
  /** Waiting in a server's socket, for example while it starts. Beyond it a Unix socket refuses at once. */
  queue: 1088,
  /** Of a program's proxy: beyond it the proxy closes what it accepted. More than `server`, because it notices later when one is gone. */
  proxy: 1088,
  /** Of a static server (lighttpd): also those that 16 workers of the front end keep and do not use at this moment. */
  static: 5184,
  /** That a worker of the front end keeps open to all servers together, to use them again. */
  kept: 256,
  /** Seconds until one that is not used is closed: a server rests by so much later. Less than the 5 s after which servers close it themselves. */
  keptSeconds: 2,
  /** Of a worker of the front end: two for each request, to the visitor and to the server, and what it keeps. */
  frontEndWorker: 16_640,
  /** Of a worker of the firewall of web sites: four for each request, from the front end, to itself and from it, and to the server. */
  wafWorker: 16_384,
} as const;

/**
 * What one visitor can have open before it has asked for anything, and so before the limits above see it: connections are opened at this rate at
 * most, and closed after so many seconds without whole headers. Packets beyond the rate are dropped: clients repeat them after 1, 3, 7 s, so steady
 * traffic beyond it is served at this rate. All visitors of one /48, of whom one may have 65,536 /64s, together open so many times as much.
 */
export const opening = { perSecond: 400, burst: 2000, headerSeconds: 10, network: 4 } as const;

/** File descriptors of a proxy's connection: two sockets, two pipes (measured with systemd 257). */
export const descriptorsOfProxied = 6;

/**
 * Soft limits of file descriptors; the hard one is systemd's. A proxy that has none left accepts in an endless loop, and a program with
 * systemd's 1,024 cannot hold `server` connections and its files.
 */
export const descriptors = { server: 8192, frontEnd: 65_536, hard: 524_288 } as const;

/** `net.core.somaxconn`: the kernel cuts every queue to it. */
export const longestQueue = 4096;

/** Seconds after which a visitor who was turned away may come again (Retry-After, RFC 9110 section 10.2.3). */
export const retryAfter = 5;

/**
 * Seconds after which a visitor of a suspended account may come again: 503 with Retry-After says that the absence is temporary, so search
 * engines keep the pages for days (RFC 9110, section 15.6.4); 403 or 404 would take them out.
 */
export const retryAfterSuspended = 3600;

/**
 * Seconds after a reload until the old workers end, with what is still open in them: uploads, downloads, event streams and WebSockets
 * that began before. Old workers stay that long if there is one such stream, each with about 10 MB (35 MB in the web application firewall,
 * through which the same streams pass), so this bounds memory under steady reloads; programs of web sites reconnect streams by themselves.
 */
export const shutdownSeconds = 1800;
