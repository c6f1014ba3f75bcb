import { ownText } from "../../../lib/text/own-text.ts";
import { bodySpeedLimits } from "./body-speeds.ts";
import { sitesPlaces } from "./sites.ts";

/** Modules of the front end in Lua, in its configuration: nginx takes each of these blocks once. */
const modules = ["places", "body-speeds", "sites"] as const;
const load = (name: (typeof modules)[number]) => `require("fairhost.${name}")`;

/** Of the configuration's `http`. */
export const luaHttp = `  init_by_lua_block {
${modules
  .map(
    (name) => `    package.loaded["fairhost.${name}"] = (function()
${ownText(import.meta.dirname, `${name}.lua`).replaceAll(/^(?=.)/gm, "      ")}    end)()
`,
  )
  .join("")}    ${load("sites")}.start(${sitesPlaces})
  }
  init_worker_by_lua_block {
    ${load("places")}.start()
    ${load("body-speeds")}.start(${bodySpeedLimits})
  }
`;

/** First of every `access_by_lua_block`: a location with one of its own does not have the server's. */
export const watchBody = `${load("body-speeds")}.watch()`;

/** Of a TLS handshake. */
export const chooseCertificate = `${load("sites")}.certificate()`;

/** Whoever was refused before a site was looked for is in the account's log all the same. */
const findSite = `if ngx.var.looked_up ~= "1" then ${load("sites")}.find() end`;

/** Of the configuration's `server`. */
export const luaServer = `    # Of servers that take few requests at once: how many of one visitor, and of all.
    set $places "";
    set_by_lua_block $looked_up {
      return ${load("sites")}.find()
    }
    set $place "";
    set $body_speed "";
    access_by_lua_block {
      ${watchBody}
    }
    log_by_lua_block {
      ${load("places")}.leave()
      ${load("body-speeds")}.leave()
      ${findSite}
    }
`;
