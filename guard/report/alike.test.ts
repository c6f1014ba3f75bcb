import { expect, test } from "vitest";
import { alike, withOthers } from "./alike.ts";

const effect = (kind: "account" | "httpServer" | "host", name: string, sentence: string) => ({
  subject: { kind, name },
  sentence,
});
const told = (...effects: ReturnType<typeof effect>[]) =>
  alike(effects, (each) => each).map((one) => withOthers(one.first.sentence, one));

test("5,000 sentences of one kind are one, and what is unlike them stays by itself, in its place", () => {
  const servers = Array.from({ length: 5000 }, (_, index) => {
    const name = `Changes HTTP server site of account ${index}: idle seconds 300 to 60.`;
    return effect("httpServer", `${index}/site`, name);
  });
  const other = effect("httpServer", "7/api", "Changes HTTP server api of account 7: idle seconds 300 to 0.");
  const host = effect("host", "web1", "Rewrites the front end of web1: reload without interruption.");
  expect(told(...servers.slice(0, 100), other, host, ...servers.slice(100))).toEqual([
    "Changes HTTP server site of account 0: idle seconds 300 to 60. The same of 4999 other HTTP servers: 1/site, 2/site, 3/site, 4/site, 5/site and 4994 more.",
    other.sentence,
    host.sentence,
  ]);
});

test("three alike stand by themselves, and what differs in a value is not alike", () => {
  const moves = [1, 2, 3].map((number) =>
    effect("account", `${number}`, `Moves account ${number} (shop) from a to b.`),
  );
  expect(told(...moves)).toEqual(moves.map(({ sentence }) => sentence));
  const sizes = [1, 2, 3, 4].map((number) =>
    effect("account", `${number}`, `Limits of account ${number} (shop): disk ${number}0 GB.`),
  );
  expect(told(...sizes)).toEqual(sizes.map(({ sentence }) => sentence));
});

test("names of accounts, and addresses that follow from their numbers, are no difference", () => {
  const created = ["ann", "bob", "cy", "di"].map((name, index) =>
    effect(
      "account",
      `${index}`,
      `Creates account ${index} (${name}) on h1, plan small, 2001:db8:0:${index}::/64, 1 HTTP server.`,
    ),
  );
  expect(told(...created)).toEqual([`${created[0]!.sentence} The same of 3 other accounts: 1, 2, 3.`]);
});
