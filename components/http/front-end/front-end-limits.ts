import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import { moreThan } from "../../../lib/text/more-than.ts";
import { lookedAtMb } from "../../waf/waf.ts";
import { answerLimits, bodyLimits, type HeaderName, headerNames, hostLimits } from "../web-site/web-site.ts";

/**
 * Limits and headers that web sites choose themselves, in the configuration of the front end. nginx takes these limits from a location
 * alone, so each pair of them is one, and a web site with headers of its own has the same once more: nobody else pays for them.
 */

/** What the front end knows a web site's choice by: the name of a location, without its @. */
export function choiceOf({
  waf,
  bodyMaxMb = waf === undefined ? hostLimits.bodyMaxMb : lookedAtMb,
  answerSeconds = hostLimits.answerSeconds,
  workers,
  headers,
}: {
  readonly waf?: object | undefined;
  readonly bodyMaxMb?: number | undefined;
  readonly answerSeconds?: number | undefined;
  /** Whether it takes few requests at once (`placesOf`). */
  readonly workers?: boolean;
  readonly headers?: object | undefined;
}): string {
  return `${bodyMaxMb}-${answerSeconds}${workers === true ? "-workers" : ""}${headers === undefined ? "" : "-headers"}`;
}

/** The variable with the value of a header that a web site has chosen. */
export const headerVariable = (name: HeaderName) => `chosen_${variable(name)}`;

const variable = (name: HeaderName) => name.toLowerCase().replaceAll("-", "_");

/** Of the configuration's `http`: what a web site has chosen, by its socket. */
export const limitMaps = `  # What a web site has chosen: MiB of a body, seconds of an answer, headers.
  map $backend $choice {
    default ${choiceOf({})};
    "~^unix:/run/[a-z-]+/account-[0-9]+-webdav-[a-z0-9_-]+$" webdav;
  }
  map $choice $body_mb {
    default ${hostLimits.bodyMaxMb};
    "~^(?<chosen_mb>[0-9]+)-" $chosen_mb;
  }
  map $choice $answer_seconds {
    default ${hostLimits.answerSeconds};
    "~^[0-9]+-(?<chosen_seconds>[0-9]+)" $chosen_seconds;
  }
  # A location that is chosen here does not look at a length that the visitor gives.
  map "$body_mb $content_length" $too_large {
    default 0;
${bodyLimits
  .slice(0, -1)
  .map((mib) => `    "~^${mib} 0*${moreThan(mib * 1024 ** 2)}$" 1;\n`)
  .join("")}  }
${headerNames
  .map(
    (name) => `  map $backend $chosen_${variable(name)} {
    default "";
  }
  map $upstream_http_${variable(name)} $added_${variable(name)} {
    default "";
    "" $chosen_${variable(name)};
  }
`,
  )
  .join("")}`;

/** Of a location of a web site with headers of its own: one text for all of them. */
export const ownHeaders: BundleFile = {
  path: "nginx/own-headers.conf",
  content: headerNames.map((name) => `add_header ${name} $added_${variable(name)} always;\n`).join(""),
};

/** @param headers directives of every answer, which a location with headers of its own has to repeat */
export const limitLocations = (headers: string) =>
  bodyLimits
    .flatMap((bodyMaxMb) => answerLimits.map((answerSeconds) => ({ bodyMaxMb, answerSeconds })))
    .flatMap((limits) => [limits, { ...limits, workers: true }])
    .flatMap((limits) => [limits, { ...limits, headers: {} }])
    .map(
      (choice) => `    location @${choiceOf(choice)} {
      client_max_body_size ${choice.bodyMaxMb}m;
      proxy_read_timeout ${choice.answerSeconds}s;
${"headers" in choice ? `${headers}      include own-headers.conf;\n` : ""}${choice.bodyMaxMb === hostLimits.bodyMaxMb ? "" : "      if ($too_large) {\n        return 413;\n      }\n"}${"workers" in choice ? "      include places.conf;\n" : ""}      proxy_pass http://$asked;
    }
`,
    )
    .join("");
