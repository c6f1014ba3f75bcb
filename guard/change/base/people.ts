import { listed } from "../../../lib/text/text.ts";

/** Whom git names as somebody who wrote a commit. Either may be empty: git takes such commits too. */
export interface Person {
  readonly name: string;
  readonly mail: string;
}

/**
 * What `git log --format` has to print of each commit for {@link personsIn}: its author, and who is named as co-author, which forges write
 * when they make one commit of a whole pull request.
 */
export const peopleFormat = "%an%x01%ae%x01%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x01)";

/** Persons as {@link peopleFormat} prints them: the author first, then co-authors. */
export function personsIn(printed: string): readonly [Person, ...Person[]] {
  const [name = "", mail = "", ...others] = printed.replace(/\n$/, "").split("\u0001");
  const author = { name: name || mail || "an author without a name", mail };
  return [author, ...others.filter((each) => each.trim() !== "").map(personNamed)];
}

/** `Ada Lovelace <ada@example.org>`, as people write it, or an address alone. */
function personNamed(text: string): Person {
  const [, name = "", mail = ""] = /^([^<]*)<([^>]*)>/.exec(text) ?? ["", text, text.includes("@") ? text : ""];
  return { name: name.trim() || mail, mail: mail.trim() };
}

/** Each person once, in the order of their names. */
export function eachOnce(people: readonly Person[]): Person[] {
  const byKey = new Map(people.map((each) => [`${each.name}\0${each.mail}`, each]));
  return [...byKey].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, each]) => each);
}

/**
 * Whether two are one person as far as git says: of one name, or of one address. A person has several of both, and whoever wants a second
 * person must not get one by a setting of git.
 */
export function isSame(left: Person, right: Person): boolean {
  const same = (one: string, other: string) => one !== "" && folded(one) === folded(other);
  return same(left.name, right.name) || same(left.mail, right.mail);
}

/**
 * What makes one of some one of others ({@link isSame}): an address or a name that git says of both; `undefined` if nothing does. Whose name
 * is among both is the plain case; an address that several use, as a program's that is co-author of everything, joins people whose names do
 * not show it.
 */
export function joinedBy(
  some: readonly Person[],
  others: readonly Person[],
): { readonly by: string; readonly plain: boolean } | undefined {
  const names = new Set(others.map(({ name }) => folded(name)));
  const plain = some.every(({ name }) => names.has(folded(name)));
  for (const left of some) {
    const right = others.find((other) => isSame(left, other));
    if (right)
      return { by: left.mail !== "" && folded(left.mail) === folded(right.mail) ? left.mail : left.name, plain };
  }
  return undefined;
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ").trim();
}

/** Their names, as part of a sentence. */
export function namesOfPeople(people: readonly Person[]): string {
  return listed([...new Set(people.map(({ name }) => name))]);
}
