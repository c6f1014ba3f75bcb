import { banSocket } from "./bounds.ts";

/** Of the front end's `http`: a password that is not one of the web site's. A request without one asks for the form, and guesses nothing. */
export const wrongPasswordHttp = `  map "$passwords|$status|$upstream_status|$http_authorization" $wrong_password {
    default 0;
    "~*^[^|]+\\|401\\|\\|basic ." 1;
  }
  log_format wrong_password $remote_addr;
`;

/** Of the front end's `server`. */
export const wrongPasswordServer = `    access_log syslog:server=unix:${banSocket},nohostname,tag=http wrong_password if=$wrong_password;\n`;
