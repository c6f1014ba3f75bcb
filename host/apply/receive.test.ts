import { expect, test } from "vitest";
import { bundleFolders } from "../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle, BundleGroup } from "../../delivery/protocol/bundle.ts";
import { canonicalJson, decodeBundle, encodeBundle, sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { accountGroup, bundleOf } from "../../testing/fakes/host-tree.ts";
import { receive } from "./receive.ts";

const bundle = bundleOf({ 1: accountGroup(1) });
const masterSecret = Buffer.alloc(32, 7).toString("base64");

function delivery(sent: unknown, more: object = {}): string {
  return JSON.stringify({ bundle: encodeBundle(sent as Bundle), masterSecret, secretEpoch: 1, ...more });
}

/** The bundle with one group changed, and with matching digests. */
function withHost(change: (group: BundleGroup) => Omit<BundleGroup, "digest">): Bundle {
  return sealBundle("web1", { ...bundle.groups, host: sealGroup(change(bundle.groups.host!)) });
}

const file = (path: string) => withHost((group) => ({ ...group, files: [{ path, content: "" }] }));

test("a complete delivery is accepted as it was sent", () => {
  const sent = { bundle, masterSecret: Buffer.alloc(32, 7), secretEpoch: 1 };
  expect(receive(delivery(bundle))).toEqual({ ...sent, dnsSecrets: {}, answers: {}, awaited: [] });
  const dnsSecrets = { RFC2136_TSIG_SECRET: "c2VjcmV0" };
  expect(receive(delivery(bundle, { dnsSecrets }))).toMatchObject({ ...sent, dnsSecrets });
  const order = { answers: { web1: { number: 4, epoch: 1, signature: "c2ln" } }, answered: 5 };
  expect(receive(delivery(bundle, order))).toMatchObject({ ...sent, ...order });
  expect(receive(delivery(bundle, { awaited: [1, 1204] }))).toMatchObject({ ...sent, awaited: [1, 1204] });
});

test("a router's delivery has no secret; with an account in the bundle it must have one", () => {
  const without = (sent: Bundle) => JSON.stringify({ bundle: encodeBundle(sent) });
  expect(receive(without(bundleOf({}))).masterSecret).toBeUndefined();
  expect(() => receive(without(bundle))).toThrow("the master secret is not 32 bytes");
});

test.each<[string, string, string]>([
  ["a text cut off", delivery(bundle).slice(0, -30), "not a complete JSON document"],
  ["no bundle", JSON.stringify({ masterSecret, secretEpoch: 1 }), "contains no bundle"],
  [
    "a damaged bundle",
    JSON.stringify({ bundle: encodeBundle(bundle).slice(40), masterSecret, secretEpoch: 1 }),
    "damaged",
  ],
  ["a short secret", delivery(bundle, { masterSecret: "c2hvcnQ=" }), "the master secret is not 32 bytes"],
  ["an epoch of 0", delivery(bundle, { secretEpoch: 0 }), "epoch is not a number from 1"],
  [
    "a secret with a path as its name",
    delivery(bundle, { dnsSecrets: { "../master-1": "a" } }),
    "no name of a variable",
  ],
  ["a number that is none", delivery(bundle, { answered: "5" }), "the number of an answer is not a number from 0"],
  [
    "a stamp without one",
    delivery(bundle, { answers: { web1: {} } }),
    "the number of an answer is not a number from 0",
  ],
  ["another format", delivery({ ...bundle, format: 2 }), "format 2, but this applier needs format 1"],
  ["another host's name", delivery({ ...bundle, host: "web2" }), "the bundle's digest does not match"],
  [
    "a changed file",
    delivery({ ...bundle, groups: { ...bundle.groups, host: { ...bundle.groups.host, units: [] } } }),
    "the digest of group host does not match",
  ],
  [
    "a path upwards",
    delivery(file("systemd/../../x")),
    `systemd/../../x is not in a folder known to this applier (${bundleFolders.map(({ name }) => name).join(", ")})`,
  ],
  ["an absolute path", delivery(file("/etc/passwd")), "/etc/passwd is not in a folder"],
  [
    "an unknown folder",
    delivery(file("unknown/x")),
    "group host: unknown/x is not in a folder known to this applier (",
  ],
  ["another account's file", delivery(file("userdb/a1.user")), "userdb/a1.user is in the groups account-1 and host"],
  [
    "neither content nor link",
    delivery(withHost((group) => ({ ...group, files: [{ path: "env/x" }] }))),
    "env/x needs either content or link",
  ],
  [
    "an account in the wrong group",
    delivery(sealBundle("web1", { "account-2": accountGroup(1) })),
    "group account-2 contains account 1",
  ],
])("refuses %s", (_, text, message) => {
  expect(() => receive(text)).toThrow(`the delivery is refused and nothing was changed: `);
  expect(() => receive(text)).toThrow(message);
});

test("who hands the text on looks at no group, but refuses what is no bundle or has other groups", () => {
  const damaged = { ...bundle, groups: { ...bundle.groups, host: { ...bundle.groups.host, units: [] } } };
  expect(receive(delivery(damaged), false).bundle).toEqual(damaged);
  expect(() => receive(delivery({ ...bundle, host: "web2" }), false)).toThrow("the bundle's digest does not match");
  expect(() => receive(delivery({ ...bundle, format: 2 }), false)).toThrow("this applier needs format 1");
});

test("no message contains the secret", () => {
  const text = delivery({ ...bundle, format: 2 });
  expect(() => receive(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(masterSecret) }));
});

test("equal bundles are sent as the same text, whatever the order of their keys", () => {
  const reordered = JSON.parse(canonicalJson(bundle), (_, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).reverse())
      : value,
  ) as Bundle;
  expect(Object.keys(reordered)).not.toEqual(Object.keys(bundle));
  expect(encodeBundle(reordered)).toBe(encodeBundle(bundle));
  expect(decodeBundle(encodeBundle(bundle))).toEqual(bundle);
});
