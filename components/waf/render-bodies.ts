import { ownText } from "../../lib/text/own-text.ts";
import { lookedAtMb } from "./waf.ts";

/**
 * Bodies that the firewall holds, in its configuration: how much memory each account may have for them (`bodies.lua`). Counts of nginx
 * do not suffice: they know no bytes, and none that is one account's and all accounts' at once.
 */

/** MiB of the largest body: the front end refuses what is larger than can be looked at, with its own page. */
export const largestMb = lookedAtMb + 1;

/** The least speed of a body, from so many seconds on: below that of the slowest phones, above what a single attacker can make last for days. */
const leastSpeed = { seconds: 30, bytesPerSecond: 4096 };

/** What an account holds beyond one of the largest is at most this part of what it leaves free. */
const part = 4;

/** Of the configuration's `http`. */
export const bodiesHttp = `  lua_shared_dict held 4m;
  init_by_lua_block {
    package.loaded["fairhost.bodies"] = (function()
${ownText(import.meta.dirname, "bodies.lua").replaceAll(/^(?=.)/gm, "      ")}    end)()
  }
  init_worker_by_lua_block {
    require("fairhost.bodies").start()
  }
`;

/** Of the server that holds them; takes statuses of its refusals. */
export const bodiesServer = (
  spool: string,
  status: { readonly full: number; readonly slow: number },
) => `    set $held "";
    log_by_lua_block {
      require("fairhost.bodies").release()
    }
    rewrite_by_lua_block {
      require("fairhost.bodies").read({
        spool = "${spool}", largest = ${largestMb * 2 ** 20}, part = ${part},
        seconds = ${leastSpeed.seconds}, bytes_per_second = ${leastSpeed.bytesPerSecond},
        full = ${status.full}, slow = ${status.slow},
      })
    }
`;
