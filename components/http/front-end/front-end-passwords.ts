import { currentGeneration } from "../../../delivery/protocol/bundle.ts";

/**
 * Passwords of web sites, in the configuration of the front end. Each check keeps a worker, and with it other accounts' visitors, busy for
 * milliseconds, so how many there are has a bound: requests beyond it wait in order, and more than can wait get 429. Steady traffic
 * below the rate never waits; above it, each request waits until its turn, and the next second begins nothing anew.
 */
const perSecond = { visitor: 20, site: 50 };
const atOnce = { visitor: 100, site: 200 };
const waiting = { visitor: 500, site: 1000 };

/** The realm's name, and whose file of hashes it is: nothing for web sites without passwords. */
export const passwordHttp = `  # The file of passwords: never a name that a client chooses.
  map $backend $passwords {
    default "";
  }
  map $passwords $realm {
    default "Password needed";
    "" off;
  }
  map "$passwords$webdav_user" $passed_authorization {
    default "";
    "" $http_authorization;
  }
  map $passwords $guesser {
    default "$passwords $visitor";
    "" "";
  }
  limit_req_zone $guesser zone=guessers:4m rate=${perSecond.visitor}r/s;
  limit_req_zone $passwords zone=guessed:1m rate=${perSecond.site}r/s;
  limit_req_status 429;
  limit_req_log_level info;
`;

/** Of a location that leads to an account. */
export const passwordCheck = `      limit_req zone=guessers burst=${waiting.visitor} delay=${atOnce.visitor};
      limit_req zone=guessed burst=${waiting.site} delay=${atOnce.site};
      auth_basic $realm;
      auth_basic_user_file ${currentGeneration}/sites/passwords/$passwords;
`;
