import { ownText } from "../../../lib/text/own-text.ts";
import { bodySpeedLimits } from "./body-speeds.ts";

/** Modules of the front end in Lua, in its configuration: nginx takes each of these blocks once. */
const modules = ["places", "body-speeds"] as const;
const load = (name: (typeof modules)[number]) => `require("fairhost.${name}")`;

/** Of the configuration's `http`. */
export const luaHttp = `  init_by_lua_block {
${modules
  .map(
    (name) => `    package.loaded["fairhost.${name}"] = (function()
${ownText(import.meta.dirname, `${name}.lua`).replaceAll(/^(?=.)/gm, "      ")}    end)()
`,
  )
  .join("")}  }
  init_worker_by_lua_block {
    ${load("places")}.start()
    ${load("body-speeds")}.start(${bodySpeedLimits})
  }
`;

/** First of every `access_by_lua_block`: a location with one of its own does not have the server's. */
export const watchBody = `${load("body-speeds")}.watch()`;

/** Of the configuration's `server`. */
export const luaServer = `    set $place "";
    set $body_speed "";
    access_by_lua_block {
      ${watchBody}
    }
    log_by_lua_block {
${modules.map((name) => `      ${load(name)}.leave()\n`).join("")}    }
`;
