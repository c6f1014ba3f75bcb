import { connections } from "./connections.ts";

/**
 * Connections to servers that the front end uses again, in its configuration: those of kinds that say so (`keepsConnections`), for requests
 * that may be sent twice and have nothing in which a second request could hide. All others get a connection of their own.
 */

/** Before the socket in the map of sites. */
export const keptMark = "kept/";

/** Loaded before everything else; found below nginx's own prefix, /usr/share/nginx. */
export const keptModules = `load_module modules/ndk_http_module.so;
load_module modules/ngx_http_lua_module.so;
`;

/** Of the configuration's `http`. nginx cannot choose the server of an `upstream` by a variable; a block for each takes 11 KB. */
export const keptHttp = `  # Connections to servers that are used again: not behind a cache, and only for a GET without a body.
  map $site $keeps {
    default 0;
    "~^[0-9]+/${keptMark}" 1;
  }
  map "$content_length$http_transfer_encoding$http_upgrade" $bare_method {
    default "";
    "" $request_method;
  }
  # Nothing that a visitor writes freely stands in it: a part of another could be written into it.
  map "$keeps $bare_method $through|" $kept {
    default 0;
    "1 GET |" 1;
  }
  map "$kept $taken_path" $asked {
    default kept$left_uri;
    "~^0 " $passed_to;
    "1 " kept;
  }
  # A connection is found again by the whole path of the socket that it leads to, which is one server's.
  upstream kept {
    server 0.0.0.1;
    balancer_by_lua_block {
      assert(require("ngx.balancer").set_current_peer(ngx.var.backend))
    }
    keepalive ${connections.kept};
    keepalive_timeout ${connections.keptSeconds}s;
  }
  map "$kept $http_upgrade" $connection_upgrade {
    default upgrade;
    "0 " close;
    "1 " "";
  }
`;
