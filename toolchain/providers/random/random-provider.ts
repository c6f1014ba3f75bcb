import { randomBytes as cryptoBytes, randomUUID } from "node:crypto";
import { type Properties, reveal } from "../properties.ts";
import type { Provider } from "../resource.ts";
import type { Shape } from "../shape.ts";
import { randomPassword } from "./random-password.ts";
import { keepersShape, madeByInputs } from "./random-resource.ts";

/** The version of `@pulumi/random` whose resources these are. A test compares it with package.json. */
export const randomVersion = "4.21.2";

/** Inputs of `random:index/randomBytes:RandomBytes`. */
const randomBytesShape = {
  keepers: keepersShape,
  length: { type: "integer", required: true, replaces: true, least: 1 },
} as const satisfies Shape;

/** Inputs of `random:index/randomId:RandomId`. */
const randomIdShape = {
  byteLength: { type: "integer", required: true, replaces: true, least: 1 },
  keepers: keepersShape,
  prefix: { type: "string", replaces: true },
} as const satisfies Shape;

/** Inputs of `random:index/randomUuid:RandomUuid`. */
const randomUuidShape = { keepers: keepersShape } as const satisfies Shape;

/**
 * Upstream takes the secret bytes themselves as the id, which the engine prints and writes to the state in the clear.
 * Nothing reads the id, so here it is another random text.
 */
const opaqueId = () => cryptoBytes(8).toString("hex");

/** `random:index/randomBytes:RandomBytes`. */
const randomBytes = madeByInputs({
  inputs: randomBytesShape,
  outputs: { base64: { secret: true }, hex: { secret: true } },
  async make(inputs) {
    return { id: opaqueId(), outputs: bytesOutputs(cryptoBytes(reveal(inputs.length ?? 0) as number)) };
  },
  async import(id) {
    const bytes = decode(id, "base64");
    return { id: opaqueId(), inputs: { length: bytes.length }, outputs: bytesOutputs(bytes) };
  },
});

/** `random:index/randomId:RandomId`. */
const randomId = madeByInputs({
  inputs: randomIdShape,
  outputs: { b64Std: {}, b64Url: {}, dec: {}, hex: {} },
  async make(inputs) {
    const bytes = cryptoBytes(reveal(inputs.byteLength ?? 0) as number);
    return { id: bytes.toString("base64url"), outputs: idOutputs(bytes, inputs) };
  },
  async import(given) {
    const [, prefix, id = given] = /^(.*),([^,]*)$/s.exec(given) ?? [];
    const bytes = decode(id, "base64url");
    const inputs = { byteLength: bytes.length, ...(prefix ? { prefix } : {}) };
    return { id, inputs, outputs: idOutputs(bytes, inputs) };
  },
});

/** `random:index/randomUuid:RandomUuid`. */
const randomUuid = madeByInputs({
  inputs: randomUuidShape,
  outputs: { result: {} },
  async make() {
    const result = randomUUID();
    return { id: result, outputs: { result, id: result } };
  },
  async import(id) {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new Error("the id to import is not a UUID");
    return { id, inputs: {}, outputs: { result: id, id } };
  },
});

/** The random provider; unlike upstream's, the id of RandomBytes is not the secret, and resources such as RandomPet are missing. */
export function randomProvider(): Provider {
  return {
    name: "random",
    version: randomVersion,
    resources: {
      "random:index/randomBytes:RandomBytes": randomBytes,
      "random:index/randomId:RandomId": randomId,
      "random:index/randomPassword:RandomPassword": randomPassword,
      "random:index/randomUuid:RandomUuid": randomUuid,
    },
  };
}

function bytesOutputs(bytes: Buffer): Properties {
  return { base64: bytes.toString("base64"), hex: bytes.toString("hex") };
}

function idOutputs(bytes: Buffer, inputs: Properties): Properties {
  const prefix = (reveal(inputs.prefix ?? "") as string) ?? "";
  const dec = BigInt(`0x${bytes.toString("hex")}`).toString();
  const values = {
    b64Std: bytes.toString("base64"),
    b64Url: bytes.toString("base64url"),
    dec,
    hex: bytes.toString("hex"),
  };
  const prefixed = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, prefix + value]));
  return { ...prefixed, id: bytes.toString("base64url") };
}

function decode(text: string, encoding: "base64" | "base64url"): Buffer {
  const bytes = Buffer.from(text, encoding);
  // Node skips characters that are not base64. The engine prints errors, so this one does not contain the text.
  if (bytes.length > 0 && bytes.toString(encoding) === text) return bytes;
  throw new Error(`the id to import is not ${encoding} text`);
}
