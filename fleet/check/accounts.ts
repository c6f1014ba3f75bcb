import { accountEntries } from "../../components/account/entries.generated.ts";
import { largestNumberAt } from "../../components/declaring.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import type { Problem } from "../load/problem.ts";
import type { Source } from "../load/source.ts";
import { type Entries, items, known, nameOf, names, placed, unique } from "./references.ts";

/** Checks across the files of accounts and tombstones. */
export function checkAccounts({ accounts, tombstones: [tombstones], hosts, plans, sites }: Entries): Problem[] {
  const dead =
    tombstones === undefined
      ? []
      : items(Array.isArray(tombstones.loose) ? tombstones.loose : []).flatMap(([index, { number }]) =>
          placed(tombstones.source, [index, "number"], number),
        );
  const [hostNames, planNames] = [names(hosts), names(plans)];
  const siteOf = new Map(sites.map((site) => [nameOf(site), site.loose.prefix]));
  const prefixOf = new Map(
    hosts.flatMap((host): [string, string][] => {
      const prefix = siteOf.get(host.loose.site ?? "");
      return prefix === undefined ? [] : [[nameOf(host), prefix]];
    }),
  );
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
      ...accountKinds.flatMap(({ key, words: [word] }) => checkList(source, key, word, loose[key])),
      ...checkNumber(source, loose, prefixOf),
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

/** Kinds that are lists in an account's file. */
const accountKinds = (Object.keys(accountEntries) as (keyof typeof accountEntries)[]).map((key) => {
  const { words } = kinds[key];
  return { key, words };
});

/** Entries of one list of an account: each has its own name and, where it has one, its own number. */
function checkList(
  source: Source,
  key: string,
  word: string,
  list:
    | readonly ({ readonly name?: string | undefined; readonly number?: number | undefined } | undefined)[]
    | undefined,
): Problem[] {
  const all = items(list);
  const of = <T extends "name" | "number">(part: T) =>
    all.flatMap(([index, entry]) => placed<string | number>(source, [key, index, part], entry[part]));
  return [
    ...unique(of("name"), `${word} name`, `give every ${word} of the account its own name`),
    ...unique(
      of("number"),
      `${word} number`,
      "give the next number never used in this account: what it has on the host follows from it",
    ),
  ];
}

/** An account's number fits behind the prefix of every site it may be served from. */
function checkNumber(
  source: Source,
  account: Entries["accounts"][number]["loose"],
  prefixOf: ReadonlyMap<string | undefined, string>,
): Problem[] {
  const { number } = account;
  if (number === undefined) return [];
  return [account.host, account.standby].flatMap((host) => {
    const prefix = prefixOf.get(host);
    if (prefix === undefined || number <= largestNumberAt({ prefix })) return [];
    const message = `the number ${number} does not fit ${prefix}, the prefix of the site of host ${host}`;
    const fix = `numbers there go to ${largestNumberAt({ prefix })}: give a smaller one, or choose a host at a site with a shorter prefix`;
    return [source.problem(["number"], message, fix)];
  });
}
