import { accountEntries } from "../../components/account/entries.generated.ts";
import { largestNumberAt } from "../../components/declaring.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import type { Problem } from "../load/problem.ts";
import type { Source } from "../load/source.ts";
import { type Entries, items, known, nameOf, names, placed, unique } from "./references.ts";

/** Checks that compare the files of accounts and tombstones with each other. */
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
      "use the next number that was never used: uid, addresses and directory follow from it, and numbers of deleted accounts stay taken",
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
      ...accountKinds.flatMap(({ key, words: [word] }) =>
        loose[key] === undefined ? [] : checkList(source, key, word, loose[key]),
      ),
      ...checkNumber(source, loose, prefixOf),
    ]),
    ...unique(
      accounts.flatMap(({ source, loose }) =>
        items(loose.httpServers).flatMap(([server, { hostnames, addresses }]) =>
          Object.entries({ hostnames, addresses }).flatMap(([key, list]) =>
            items(list).flatMap(([index, address]) => placed(source, ["httpServers", server, key, index], address)),
          ),
        ),
      ),
      "host name",
      "keep it at only one HTTP server: each address leads to exactly one",
    ),
  ];
}

/** Kinds that are lists in an account's file. */
const accountKinds = (Object.keys(accountEntries) as (keyof typeof accountEntries)[]).map((key) => {
  const { words } = kinds[key];
  return { key, words };
});

/** Checks one list of an account: every name and number in it is unique. */
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
      "use the next number that was never used in this account: its resources on the host follow from it",
    ),
  ];
}

/** Checks that an account's number fits the prefix of every site that may serve it. */
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
    const message = `the number ${number} is too large for the prefix ${prefix} of the site of host ${host}`;
    const fix = `use a number up to ${largestNumberAt({ prefix })}, or a host at a site with a shorter prefix`;
    return [source.problem(["number"], message, fix)];
  });
}
