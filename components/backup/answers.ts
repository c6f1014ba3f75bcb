import { answersDirectory } from "../../delivery/protocol/answers.ts";
import { askingUser, type HostAnswer, hostAnswers } from "../../delivery/protocol/backups.ts";
import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { sortBy } from "../../lib/lists.ts";
import { plain } from "../../lib/systemd/unit-file.ts";
import { largestNumber } from "../declaring.ts";
import type { Declaration } from "../registry/kinds.generated.ts";

/** Bundle path of the keys of all hosts that may ask, each with the one command that reads the answer to that host. */
export const askingKeys = "repositories/asking";

export const plainHost = plain(/[a-z][a-z0-9-]*/, "host name");
export const plainKey = plain(/[a-z0-9-]+ [A-Za-z0-9+/=]+/, "public key");

/**
 * On a backup host: what it says to each host about that host alone, and the user as which hosts ask. A lost host hears which of its accounts are still
 * declared on it, and nothing of the others; a host that is not lost hears that. One without a key in the inventory cannot ask (render-fence.ts).
 */
export function renderAnswers({ hosts, accounts, networks }: Declaration): BundleFile[] {
  const asking = sortBy(
    hosts.filter(({ role, ssh }) => role !== "backup" && ssh?.hostKey !== undefined),
    ({ name }) => name,
  );
  const answers = asking.map((host): BundleFile => {
    return { path: `${hostAnswers}${plainHost(host.name)}`, content: `${answerTo(host, accounts)}\n` };
  });
  const keys = asking.map(
    ({ name, ssh }) =>
      `restrict,command="/bin/cat ${answersDirectory}/${plainHost(name)}" ${plainKey(ssh!.hostKey!)}\n`,
  );
  return [
    ...answers,
    { path: askingKeys, content: keys.join("") },
    ...networks.flatMap(({ uidBase }) => renderUser(uidBase + largestNumber + 1)),
  ];
}

/** The answer to a host about itself, a line without its end. */
export function answerTo(
  { name, lost }: Pick<Declaration["hosts"][number], "name" | "lost">,
  accounts: Declaration["accounts"],
): string {
  const own = accounts.filter(({ host }) => host === name).map(({ number }) => number);
  const answer: HostAnswer = {
    host: name,
    ...(lost !== undefined && { lost, accounts: own.toSorted((a, b) => a - b) }),
  };
  return JSON.stringify(answer);
}

/** The first uid after those of all accounts that there can be. */
function renderUser(uid: number): BundleFile[] {
  const common = { disposition: "system" };
  const user = { ...common, userName: askingUser, uid, gid: uid, homeDirectory: "/", shell: "/bin/sh" };
  // Without a password that nothing matches, the user counts as locked, for keys too.
  const privileged = { privileged: { hashedPassword: ["*"] } };
  const json = (value: unknown) => `${JSON.stringify(value)}\n`;
  return [
    { path: `userdb/${askingUser}.user`, content: json(user) },
    { path: `userdb/${askingUser}.user-privileged`, content: json(privileged) },
    { path: `userdb/${uid}.user`, link: `${askingUser}.user` },
    { path: `userdb/${askingUser}.group`, content: json({ ...common, groupName: askingUser, gid: uid }) },
    { path: `userdb/${uid}.group`, link: `${askingUser}.group` },
  ];
}
