import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import type { HttpServer, ServerKind } from "../kinds/server.ts";
import { apacheSize } from "../program/apache.ts";
import { connections } from "./connections.ts";
import { watchBody } from "./lua.ts";

/**
 * Places of servers that take few requests at once, in the configuration of the front end (decision 80). One visitor has half of them at most;
 * what exceeds that waits here, where it keeps nobody else waiting.
 *
 * Steady traffic neither resets nor shifts anything: each request has its own time from when it came, and what counts is what is open at
 * this moment. A visitor who asks for more than the share serves is told so (429) with what exceeds it, others notice nothing.
 */

/** How many requests of one visitor to one server wait, so many as a browser opens over HTTP/2 and some more; and the longest, in seconds. */
export const waiting = { requests: 128, seconds: 30 } as const;

/** Bytes of a body that is read before a place is taken: what nginx holds in memory for each connection anyway. */
const smallBody = 16_384;

/** Statuses inside the front end of those who waited in vain, for the visitor's share and for the server. */
export const inVain = { visitor: 479, server: 503 } as const;

/**
 * How many requests the program of a server works on for one visitor at once, and how many the server takes of all, of one visitor half as many:
 * an answer that says that no worker is busy with it (Apache, of a file) counts in these alone.
 * @param tasksMax of its account
 * @returns undefined of a server that takes as many as the front end lets through, and of one whose program alone knows
 */
export function placesOf(
  kind: ServerKind,
  server: HttpServer,
  tasksMax: number,
): { share: number; all: number } | undefined {
  const apache = kind.parallel === "apache" ? apacheSize(tasksMax).places : undefined;
  const most = kind.workers?.(server) ?? apache;
  // Beyond the workers of its program a server lets requests wait itself, in order.
  return most === undefined
    ? undefined
    : { share: Math.max(1, Math.floor(most / 2)), all: apache ?? connections.server };
}

/** Of the configuration's `http`. */
export const placesHttp = `  lua_shared_dict places 16m;
  lua_shared_dict processes 64k;
`;

/** Of a location of servers that take few requests at once: one text for all of them. */
export const placesLocation: BundleFile = {
  path: "nginx/places.conf",
  content: `# A visitor who goes away leaves the place to nobody as long as the program is busy with the request.
proxy_ignore_client_abort on;
access_by_lua_block {
  ${watchBody}
  require("fairhost.places").enter({ small = ${smallBody}, waiting = ${waiting.requests}, seconds = ${waiting.seconds}, visitor = ${inVain.visitor}, server = ${inVain.server} })
}
header_filter_by_lua_block {
  require("fairhost.places").served()
}
`,
};
