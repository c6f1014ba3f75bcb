import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { certificates, fallback } from "../../../delivery/protocol/certificates.ts";

/** What sites.lua is started with: where the front end looks for the site of a name (decision 93). */
export const sitesPlaces = `{ folder = "${currentGeneration}/sites/", certificates = "${certificates}/", fallback = "${fallback}" }`;

/** Of the configuration's `http`: what sites.lua says of a request. */
export const sitesHttp = `  # Whose site it is, and where it is: sites.lua says so, here and of all variables below that are empty for every request.
  map $host $site {
    default "";
  }
  # Of a name that answers over HTTP only to send visitors on: its certificate, and seconds for which browsers are to use HTTPS alone.
  map $host $https_only {
    default "";
  }
`;
