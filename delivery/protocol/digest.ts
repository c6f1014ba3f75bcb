import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Bundle, type BundleGroup, bundleFormat, type Group } from "./bundle.ts";

/** JSON with the keys of every object sorted and undefined members left out: equal data give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** A copy with sorted keys. A replacer function would be slower: it is called for every string and number too. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const record = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, sorted(record[key])]),
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** SHA-256, hex, over the group's canonical JSON without `digest`. */
function groupDigest(group: Omit<BundleGroup, "digest">): string {
  const { files, units, account } = group;
  return sha256(canonicalJson({ files, units, account }));
}

/** Whether a group that was just parsed has the digest that it contains. */
export function hasItsDigest(group: BundleGroup): boolean {
  const { files, units, account, digest } = group;
  // It usually arrives as canonical JSON: then the parser keeps the order and nothing has to be sorted.
  return sha256(JSON.stringify({ account, files, units })) === digest || groupDigest(group) === digest;
}

/** SHA-256, hex, over format, host and every group's digest. */
export function bundleDigest(bundle: Pick<Bundle, "host" | "groups">): string {
  const digests = Object.fromEntries(Object.entries(bundle.groups).map(([name, group]) => [name, group?.digest]));
  return sha256(canonicalJson({ format: bundleFormat, host: bundle.host, digests }));
}

/** The group with its digest. */
export function sealGroup(group: Omit<BundleGroup, "digest">): BundleGroup {
  return sealed(group, () => groupDigest(group));
}

/** The bundle of one host with its digest. */
export function sealBundle(host: string, groups: Partial<Record<Group, BundleGroup>>): Bundle {
  return sealed({ format: bundleFormat, host, groups }, () => bundleDigest({ host, groups }));
}

/** Computed when first read: it takes as long as rendering, and code that compares files never reads it. */
function sealed<T extends object>(value: T, digest: () => string): T & { readonly digest: string } {
  let known: string | undefined;
  return {
    ...value,
    get digest() {
      known ??= digest();
      return known;
    },
  };
}

/** The encoded bundle: canonical JSON, gzip, base64. The same bundle always gives the same text. */
export function encodeBundle(bundle: Bundle): string {
  return gzipSync(canonicalJson(bundle), { level: 9 }).toString("base64");
}

/** Decodes `encodeBundle` without checking the content. @throws if the text is not gzip in base64, or not JSON. */
export function decodeBundle(text: string): unknown {
  return JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString("utf8"));
}

/** A host's master secret, in base64, from the random password that the state holds. */
export function masterOfPassword(password: string): string {
  return createHash("sha256").update(password).digest("base64");
}
