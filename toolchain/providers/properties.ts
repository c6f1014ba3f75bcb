import { isDeepStrictEqual } from "node:util";
import struct from "google-protobuf/google/protobuf/struct_pb.js";

/** A property value as it travels between the engine and a provider: JSON, with secrets, assets and unknowns in envelopes. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/** The properties of one resource, by name. */
export type Properties = { [key: string]: Value };

// The markers below are part of Pulumi's wire protocol; `@pulumi/pulumi/runtime/rpc` has the same ones, but importing
// that file loads the whole SDK, which would cost each provider most of its start-up time. A test compares them.
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";

/** Stands for a value that is not known during a preview. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const unknownMarkers: ReadonlySet<Value> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  unknownValue, // string, and what providers send for anything
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** The wire markers, for the test that compares them with the SDK's. */
export const markers = { signatureKey, secretSignature, assetSignature, archiveSignature, unknownMarkers } as const;

/** Whether a value is an object, envelope or not, and neither an array nor null. */
export function isObject(value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasSignature(value: Value | undefined, signature: string): value is { [key: string]: Value } {
  return isObject(value) && value[signatureKey] === signature;
}

/** Whether a value is in a secret envelope. */
export function isSecret(value: Value | undefined): value is { [key: string]: Value } {
  return hasSignature(value, secretSignature);
}

/** Whether a value is a file, text or remote asset. */
export function isAsset(value: Value | undefined): value is { [key: string]: Value } {
  return hasSignature(value, assetSignature);
}

/** Whether a value is an archive. */
export function isArchive(value: Value | undefined): value is { [key: string]: Value } {
  return hasSignature(value, archiveSignature);
}

/** An asset that stands for the file at `path`; `hash` is the SHA-256 of its content in hex. */
export function fileAsset(path: string, hash: string): Value {
  return { [signatureKey]: assetSignature, hash, path };
}

/** An archive made of assets, by name in the archive. */
export function assetArchive(assets: Properties, hash: string): Value {
  return { [signatureKey]: archiveSignature, hash, assets };
}

/** Puts a value into a secret envelope, unless it is in one. */
export function secret(value: Value): Value {
  return isSecret(value) ? value : { [signatureKey]: secretSignature, value };
}

/** The value without its outermost secret envelope. */
export function unwrap(value: Value): Value {
  return isSecret(value) ? (value.value ?? null) : value;
}

/** The value without any secret envelope at any depth: only for use, never for a state or a message. */
export function reveal(value: Value): Value {
  const inner = unwrap(value);
  if (Array.isArray(inner)) return inner.map(reveal);
  if (!isObject(inner)) return inner;
  return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, reveal(item)]));
}

/** `reveal` for a whole resource. */
export function revealAll(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, reveal(value)]));
}

/** Whether a value, without envelope, is not known yet. */
export function isUnknown(value: Value | undefined): boolean {
  return typeof value === "string" && unknownMarkers.has(value);
}

/** Every string at any depth in a secret envelope: what must not be repeated in a message. */
export function secretStrings(value: Value, within = false): string[] {
  if (isSecret(value)) return secretStrings(value.value ?? null, true);
  if (Array.isArray(value)) return value.flatMap((item) => secretStrings(item, within));
  if (isObject(value)) return Object.values(value).flatMap((item) => secretStrings(item, within));
  return within && typeof value === "string" ? [value] : [];
}

/** Whether two values are equal; assets and archives with hashes are compared by these, as the engine does. */
export function equal(left: Value, right: Value): boolean {
  const assets = isAsset(left) && isAsset(right);
  if ((assets || (isArchive(left) && isArchive(right))) && left.hash && right.hash) return left.hash === right.hash;
  if (isSecret(left) && isSecret(right)) return equal(left.value ?? null, right.value ?? null);
  return isDeepStrictEqual(left, right);
}

/** Reads a message's properties; a missing or null property is absent. */
export function fromStruct(message: struct.Struct | undefined): Properties {
  const all = (message?.toJavaScript() ?? {}) as Properties;
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}

/** Writes properties into a message. */
export function toStruct(properties: Properties): struct.Struct {
  return struct.Struct.fromJavaScript(properties);
}
