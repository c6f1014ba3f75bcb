import { connections } from "./connections.ts";

/** Limits of parallel requests, in the configuration of the front end: whoever is one too many is told so at once. */

/** Of the configuration's `http`. */
export const limitsHttp = `  # Limits of parallel requests; whoever is one too many is told so at once, and it is in the account's log, not in the host's.
  limit_conn_zone "$backend $visitor" zone=visitors:16m;
  limit_conn_zone $visitor zone=everywhere:8m;
  limit_conn_zone $backend zone=servers:8m;
  limit_conn_zone $account zone=accounts:8m;
  limit_conn_log_level info;
`;

/** Of the configuration's `server`. */
export const limitsServer = `    limit_conn visitors ${connections.visitor};
    limit_conn everywhere ${connections.visitorInAll};
    limit_conn servers ${connections.server};
    limit_conn accounts ${connections.account};
`;
