import { expect, test } from "vitest";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { reviewed, to, valid } from "../../../testing/test-guard-rule.ts";
import { newCertificates } from "./new-certificates.ts";

const certificates = { directory: "https://ca.example/dir", email: "ops@example.net" };

/** The valid fixture with a CA, and for each of its web sites these names. */
function withNames(...names: (readonly string[])[]): Declaration {
  return {
    ...valid,
    networks: valid.networks.map((network) => ({ ...network, certificates })),
    httpServers: valid.httpServers.map((server, index) => ({ ...server, https: true, hostnames: names[index] ?? [] })),
  };
}
const numbered = (count: number, of: (number: number) => string, first = 0) =>
  Array.from({ length: count }, (_, index) => of(first + index));
const shop = (number: number) => `shop${number}.florist.example`;
const domain = (number: number) => `florist${number}.example`;
const said = (before: Declaration, after: Declaration) =>
  newCertificates(before, after).map(({ sentence }) => sentence);

test("of one registered domain more than a CA gives in a week come over weeks, on whichever hosts", () => {
  const after = withNames(numbered(150, shop), numbered(100, shop, 150), numbered(50, shop, 250));
  expect(said(withNames(), after)).toContain(
    "Gets 300 certificates for names below florist.example: Let's Encrypt gives 50 a week of one registered domain, so the last ones come about 5 weeks after the first. A wildcard (*.florist.example) needs one for all.",
  );
  // What had one is a renewal.
  expect(said(after, after)).toEqual([]);
  expect(said(withNames(numbered(250, shop)), after)).toEqual([]);
  expect(said(withNames(), withNames(numbered(50, shop)))).toEqual([]);
});

test("what counts as one registered domain is said by the Public Suffix List", () => {
  const below = (suffix: string) =>
    said(withNames(), withNames(numbered(60, (number) => `www.florist${number}.${suffix}`)));
  expect(below("co.uk")).toEqual([]);
  expect(below("github.io")).toEqual([]);
  expect(below("bakery.co.uk")).toEqual([
    expect.stringMatching(/^Gets 60 certificates for names below bakery\.co\.uk:/),
  ]);
});

test("more names of a host than it asks for in an hour come over hours, each host by itself", () => {
  const { host } = valid.httpServers[0]!;
  const here = valid.httpServers.flatMap((server, index) => (server.host === host ? [index] : []));
  const names = valid.httpServers.map((_, index) => (index === here[0] ? numbered(250, domain) : []));
  expect(said(withNames(), withNames(...names))).toEqual([
    `Gets 250 certificates on ${host}: at 100 an hour the last ones come about 2 h after the first.`,
  ]);
});

test("names with an own certificate, and without a CA, ask for none", () => {
  const after = withNames(numbered(60, shop));
  const own = { ...after, httpServers: after.httpServers.map((server) => ({ ...server, certificate: "shop.pem" })) };
  expect(said(withNames(), own)).toEqual([]);
  const plain = { ...after, networks: valid.networks };
  expect(said(withNames(), plain)).toEqual([]);
});

test("the review says it", () => {
  const { effects } = reviewed(to(withNames(numbered(60, shop))));
  expect(effects.filter(({ sentence }) => sentence.includes("florist.example: Let's Encrypt"))).toHaveLength(1);
});
