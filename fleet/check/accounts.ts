import type { Problem } from "../load/problem.ts";
import { type Entries, items, known, names, placed, unique } from "./references.ts";

/** Checks across the files of accounts and tombstones. */
export function checkAccounts({ accounts, tombstones, hosts, plans }: Entries): Problem[] {
  const dead =
    tombstones === undefined
      ? []
      : items(Array.isArray(tombstones.loose) ? tombstones.loose : []).flatMap(([index, { number }]) =>
          placed(tombstones.source, [index, "number"], number),
        );
  const [hostNames, planNames] = [names(hosts), names(plans)];
  return [
    ...unique(
      [...dead, ...accounts.flatMap(({ source, loose }) => placed(source, ["number"], loose.number))],
      "account number",
      "give the next number never used: uid, addresses and directory follow from it, and numbers of deleted accounts stay taken",
    ),
    ...unique(
      accounts.flatMap(({ source, loose }) => placed(source, ["name"], loose.name)),
      "account name",
      "choose another name",
    ),
    ...accounts.flatMap(({ source, loose }) => [
      ...placed(source, ["plan"], loose.plan).flatMap((here) => known(here, "plan", planNames)),
      ...placed(source, ["host"], loose.host).flatMap((here) => known(here, "host", hostNames)),
      ...placed(source, ["standby"], loose.standby).flatMap((here) => known(here, "host", hostNames)),
      ...unique(
        items(loose.httpServers).flatMap(([index, server]) =>
          placed(source, ["httpServers", index, "name"], server.name),
        ),
        "HTTP server name",
        "give every HTTP server of the account its own name",
      ),
      ...unique(
        items(loose.httpServers).flatMap(([index, server]) =>
          placed(source, ["httpServers", index, "number"], server.number),
        ),
        "HTTP server number",
        "give the next number never used in this account: the port follows from it",
      ),
    ]),
    ...unique(
      accounts.flatMap(({ source, loose }) =>
        items(loose.httpServers).flatMap(([server, { hostnames }]) =>
          items(hostnames).flatMap(([index, hostname]) =>
            placed(source, ["httpServers", server, "hostnames", index], hostname),
          ),
        ),
      ),
      "host name",
      "keep it at one HTTP server: a request must have one answer",
    ),
  ];
}
