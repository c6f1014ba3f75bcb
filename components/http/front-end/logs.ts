/** Logs of the front end, in its configuration. */

/** Most bytes of a visitor's text in a line of a log. nginx writes a byte that is not printable as four. */
const loggedLengths = { remote_user: 100, request: 1000, http_referer: 300, http_user_agent: 300, host: 255 };

/** A variable with the beginning of another one. */
function logged([name, most]: [string, number]): string {
  return `  map $${name} $logged_${name} {\n    default -;\n    "~^(?<start_of_${name}>.{1,${most}})" $start_of_${name};\n  }\n`;
}

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

/** Of the configuration's `http`. @param shortened addresses are, so that they tell of no person */
export const logsHttp = (
  shortened: boolean,
) => `  # Visitors may send 64 KiB of headers: of each field only the beginning is logged.
${loggedAddress(shortened)}${Object.entries(loggedLengths).map(logged).join("")}
  log_format account '$logged_address - $logged_remote_user [$time_local] "$logged_request" $status $body_bytes_sent '
    '"$logged_http_referer" "$logged_http_user_agent" $logged_host $request_time $cache_seen';
  log_format failed '$logged_address [$time_local] "$logged_request" $logged_host $status in $request_time s; '
    'server $upstream_addr: $upstream_status in $upstream_response_time s: $told_cause';
  open_log_file_cache max=2000 inactive=60s valid=60s min_uses=1;
`;
