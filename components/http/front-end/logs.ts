import { frontEndLogs } from "../../account/account-paths.ts";

/** Logs of the front end, in its configuration. */

/** Most bytes of a visitor's text in a line of a log. nginx writes a byte that is not printable as four. */
const loggedLengths = { remote_user: 100, request: 1000, http_referer: 300, http_user_agent: 300, host: 255 };

/** Where a visitor's text is not in quotes, nothing of it may end the column: the names of passwords that the platform knows have none of these. */
const characters: Partial<Record<string, string>> = { remote_user: '[^][\\\\s\\"]' };

/** One character of UTF-8 (RFC 3629), which nginx's `escape=json` takes for granted. */
const utf8 = [
  ...["[\\x00-\\x7f]", "[\\xc2-\\xdf][\\x80-\\xbf]"],
  ...["\\xe0[\\xa0-\\xbf][\\x80-\\xbf]", "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}", "\\xed[\\x80-\\x9f][\\x80-\\xbf]"],
  ...["\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}", "[\\xf1-\\xf3][\\x80-\\xbf]{3}", "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}"],
].join("|");

/** A variable with the beginning of another one, and the same as text that JSON can have. */
const logged = ([name, most]: [string, number]) => `  map $${name} $logged_${name} {
    default -;
    "~^(?<start_of_${name}>${characters[name] ?? "."}{1,${most}})" $start_of_${name};
  }
  map $logged_${name} $json_${name} {
    "~^(?:${utf8})*+\\z" $logged_${name};
    "~^(?<text_of_${name}>(?:${utf8})*+)" "$text_of_${name}…";
  }
`;

/** A visitor's address in logs: all of it, or what many visitors have in common, the first 24 bits of IPv4 and 48 of IPv6. */
const loggedAddress = (shortened: boolean) =>
  `  map $remote_addr $logged_address {\n${
    shortened
      ? `    default ::;
    "~^(?<net4>[0-9]+[.][0-9]+[.][0-9]+)[.]" $net4.0;
    "~^(?<net6>[0-9a-f]+:[0-9a-f]+:[0-9a-f]+):" $net6::;
    "~^(?<short_net6>[0-9a-f]+(?::[0-9a-f]+)?)::" $short_net6::;
`
      : "    default $remote_addr;\n"
  }  }\n`;

const combined = `$logged_address - $logged_remote_user [$time_local] "$logged_request" $status $body_bytes_sent "$logged_http_referer" "$logged_http_user_agent"`;

/** Variables of nginx that are numbers of JSON. */
const numbers: ReadonlySet<string> = new Set(["$json_status", "$body_bytes_sent", "$request_time"]);

/** An object of JSON, of fields with nginx's variables. */
const json = (fields: Readonly<Record<string, string>>) =>
  `{${Object.entries(fields)
    .map(([name, value]) => `"${name}":${numbers.has(value) ? value : `"${value}"`}`)
    .join(",")}}`;

/** What both logs have of a request. */
const start = { time: "$time_iso8601", address: "$logged_address", host: "$json_host", request: "$json_request" };
const end = { status: "$json_status", seconds: "$request_time" };

/** Of the configuration's `http`. @param shortened addresses are, so that they tell of no person */
export const logsHttp = (
  shortened: boolean,
) => `  # Visitors may send 64 KiB of headers: of each field only the beginning is logged. JSON has of text that is not UTF-8 only what is before.
${loggedAddress(shortened)}${Object.entries(loggedLengths).map(logged).join("")}
  # Web sites with a form of their own have files of their own: what programs read has the lines of one web site, in one form.
  map $backend $log_file {
    default "";
  }
  map "$account $log_file" $log_form {
    default "";
    "~^[0-9]+ $" usual;
    "~^[0-9]+ .+-(?<own_form>combined|json)$" $own_form;
  }
${["usual", "combined", "json"].map((form) => `  map $log_form $log_${form} {\n    default 0;\n    ${form} 1;\n  }\n`).join("")}  map "$failed $log_form" $failed_usual {
    default 0;
    "~^1 (usual|combined)$" 1;
  }
  map "$failed $log_form" $failed_json {
    default 0;
    "1 json" 1;
  }
  # A request that is none has no status, which nginx writes as 000 or 009.
  map $status $json_status {
    default $status;
    "~^0" 0;
  }
  log_format account '${combined} '
    '$logged_host $request_time $cache_seen';
  log_format plain '${combined}';
  log_format failed '$logged_address [$time_local] "$logged_request" $logged_host $status in $request_time s; '
    'server $upstream_addr: $upstream_status in $upstream_response_time s: $told_cause';
  log_format json escape=json '${json({
    ...start,
    ...{ user: "$json_remote_user", referrer: "$json_http_referer", agent: "$json_http_user_agent" },
    ...{ ...end, bytes: "$body_bytes_sent", cache: "$cache_seen" },
  })}';
  log_format failed_json escape=json '${json({
    ...start,
    ...end,
    ...{
      server: "$upstream_addr",
      serverStatus: "$upstream_status",
      serverSeconds: "$upstream_response_time",
      cause: "$told_cause",
    },
  })}';
  open_log_file_cache max=2000 inactive=60s valid=60s min_uses=1;
`;

const folder = `/srv/accounts/$account/${frontEndLogs}`;

/** Of the configuration's `server`. */
export const logsServer = `    access_log ${folder}/access.log account if=$log_usual;
    access_log ${folder}/access-$log_file.log plain if=$log_combined;
    access_log ${folder}/access-$log_file.log json if=$log_json;
    access_log ${folder}/error.log failed if=$failed_usual;
    access_log ${folder}/error-$log_file.log failed_json if=$failed_json;
`;
