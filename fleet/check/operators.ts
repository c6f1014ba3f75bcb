import { canonical } from "../../components/schema.ts";
import { shown } from "../../lib/text/text.ts";
import type { Problem } from "../load/problem.ts";
import { type Entries, items, type Placed, place, placed, unique } from "./references.ts";

/** Addresses that are one machine's on its link alone: every link may have the same. */
const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address);

/** An address in the one spelling that it is compared in. */
export function plain(address: string | number): string {
  return String(address).includes(":") ? canonical(String(address)) : String(address);
}

/** Checks that AS numbers and addresses of operators are not this fleet's own, and that each address on a link is one machine's. */
export function checkOperators(entries: Entries): Problem[] {
  const {
    network: [network],
  } = entries;
  if (network === undefined) return [];
  const { source, loose } = network;
  const operators = items(loose.operators);
  const ends = (["address", "neighbor", "address4", "neighbor4"] as const).map((key) =>
    operators.flatMap(([index, { name, sessions }]) =>
      items(sessions).flatMap(([at, session]) =>
        placed(source, ["operators", index, "sessions", at, key], session[key]).flatMap((here) =>
          isLinkLocal(here.value) ? [] : [{ ...here, name, router: session.router }],
        ),
      ),
    ),
  );
  const [own, theirs, own4, theirs4] = ends as [(typeof ends)[0], (typeof ends)[0], (typeof ends)[0], (typeof ends)[0]];
  const machines = addressesOfMachines(entries);
  return [
    ...operators.flatMap(([index, operator]) => numbersApart(entries, index, operator)),
    ...unique(
      ofRouters([...own, ...own4]),
      "the address of a session",
      "give each router its own address on a link",
      plain,
    ),
    ...theirsApart([...theirs, ...theirs4], [...machines, ...own, ...own4]),
  ];
}

/** Addresses of hosts and routers, by which machines of this fleet are reached. */
export function addressesOfMachines({ network: [network], hosts }: Entries): Placed<string>[] {
  return [
    ...items(network?.loose.routers).flatMap(([index, { address }]) =>
      placed(network!.source, ["routers", index, "address"], address),
    ),
    ...hosts.flatMap(({ source, loose }) =>
      (["address", "managementAddress", "address4"] as const).flatMap((key) => placed(source, [key], loose[key])),
    ),
  ];
}

type Operator = NonNullable<NonNullable<Entries["network"][number]["loose"]["operators"]>[number]>;

function numbersApart({ network: [network], hosts }: Entries, index: number, operator: Operator): Problem[] {
  const { source, loose } = network!;
  const ofHosts = hosts.flatMap((host) => placed(host.source, ["asNumber"], host.loose.asNumber));
  return (["asNumber", "parentAsNumber"] as const).flatMap((key) =>
    placed(source, ["operators", index, key], operator[key]).flatMap((here) => {
      const who = `${key === "asNumber" ? "" : "the owner of "}operator ${shown(operator.name)}`;
      const fix = "write the operator's own AS number";
      const host = ofHosts.find(({ value }) => value === here.value);
      if (host !== undefined) {
        const message = `${who} has the AS number ${here.value} of a host of this fleet, at ${place(host)}`;
        return [source.problem(here.path, message, fix)];
      }
      if (here.value !== loose.asNumber) return [];
      return [source.problem(here.path, `${who} has the AS number ${here.value} of this fleet`, fix)];
    }),
  );
}

type End = Placed<string> & { readonly name: string | undefined; readonly router: string | undefined };

/** Each address of a router once: on the link of an exchange it has sessions with several operators. */
function ofRouters(own: readonly End[]): End[] {
  const same = (one: End, other: End) => plain(one.value) === plain(other.value) && one.router === other.router;
  return own.filter((here, index) => own.findIndex((other) => same(here, other)) === index);
}

/** Addresses of operators that are this fleet's own, or another operator's too. */
function theirsApart(theirs: readonly End[], own: readonly Placed<string>[]): Problem[] {
  const ours = new Map(own.map((here) => [plain(here.value), here]));
  const first = new Map<string, End>();
  return theirs.flatMap((here) => {
    const address = plain(here.value);
    const what = `the address ${shown(here.value)} of operator ${shown(here.name)}`;
    const fix = "write the operator's address on the link, as it has agreed on it";
    const [mine, other] = [ours.get(address), first.get(address)];
    first.set(address, other ?? here);
    if (mine) return [here.source.problem(here.path, `${what} is one of this fleet's own, at ${place(mine)}`, fix)];
    if (other === undefined || other.name === here.name) return [];
    const message = `${what} is also that of operator ${shown(other.name)}, at ${place(other)}`;
    return [here.source.problem(here.path, message, fix)];
  });
}
