import type { HttpServerInputs } from "../../components/registry/kinds.generated.ts";
import { elementName } from "../../components/registry/subject.ts";
import { listed } from "../../lib/text/text.ts";

/** What visitors saw only with a password of another HTTP server of the account, and this one shows. */
export interface Unlocked {
  readonly server: HttpServerInputs;
  /** In words, after `Visitors`. */
  readonly what: string;
}

/**
 * HTTP servers that show, to visitors who had no password for it, what another one of the account kept behind passwords: its host
 * names, or files of its root. A server that changes its own passwords is not among them: that is a change of a field.
 * @param before HTTP servers of an account
 * @param after those of the same account
 */
export function unlocked(before: readonly HttpServerInputs[], after: readonly HttpServerInputs[]): Unlocked[] {
  const locked = before.filter(({ passwords }) => passwords !== undefined);
  return locked.flatMap((was) =>
    after.flatMap((server): Unlocked[] => {
      if (server.name === was.name || !letsInMore(was, server)) return [];
      const old = before.find(({ name }) => name === server.name);
      const names = addressesOf(server).filter((address) => addressesOf(was).includes(address));
      const files = sharesFiles(was, server) && !(old && letsInMore(was, old) && sharesFiles(was, old));
      const seen = [...names, ...(files ? [`files of ${server.root}`] : [])];
      if (seen.length === 0) return [];
      const name = elementName("httpServers", was);
      return [{ server, what: `see ${listed(seen)} without the passwords of HTTP server ${name}` }];
    }),
  );
}

function addressesOf({ hostnames, addresses = [] }: HttpServerInputs): readonly string[] {
  return [...hostnames, ...addresses];
}

function letsInMore({ passwords: was = {} }: HttpServerInputs, { passwords: is }: HttpServerInputs): boolean {
  return is === undefined || Object.entries(is).some(([visitor, hash]) => was[visitor] !== hash);
}

type WithRoot = HttpServerInputs & { readonly root: string };

/** Whether one's root is the other's, or inside of it. */
function sharesFiles(one: HttpServerInputs, other: HttpServerInputs): other is WithRoot {
  if (!("root" in one && "root" in other)) return false;
  const [first, second] = [one, other].map(({ root }) => `${root}/`) as [string, string];
  return first.startsWith(second) || second.startsWith(first);
}
