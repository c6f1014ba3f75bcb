import bcrypt from "bcryptjs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWithClient } from "../../../testing/fakes/providers/provider-client.ts";
import { isSecret, type Properties, reveal, secret, unknownValue } from "../properties.ts";
import { makePassword } from "./random-password.ts";
import { randomProvider } from "./random-provider.ts";

const password = "random:index/randomPassword:RandomPassword";
const bytes = "random:index/randomBytes:RandomBytes";
const id = "random:index/randomId:RandomId";
const uuid = "random:index/randomUuid:RandomUuid";

let provider: Awaited<ReturnType<typeof startWithClient>>;
beforeAll(async () => {
  provider = await startWithClient(randomProvider());
});
afterAll(() => provider.close());

const create = (type: string, inputs: Properties) => provider.client.create(type, inputs);
const plain = (properties: Properties, name: string) => reveal(properties[name] ?? null) as string;

describe("RandomBytes", () => {
  test("gives secret base64 and hex of the same bytes, and an id that tells nothing of them", async () => {
    const made = await create(bytes, { length: 32, keepers: { a: "1" } });
    expect([isSecret(made.properties.base64), isSecret(made.properties.hex)]).toEqual([true, true]);
    expect(Buffer.from(plain(made.properties, "base64"), "base64").toString("hex")).toBe(plain(made.properties, "hex"));
    expect(plain(made.properties, "hex")).toMatch(/^[0-9a-f]{64}$/);
    expect(made.properties).toMatchObject({ length: 32, keepers: { a: "1" } });
    expect(made.id).toMatch(/^[0-9a-f]{16}$/);
    expect(plain(made.properties, "hex")).not.toContain(made.id);
  });

  test("never gives the same twice", async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => create(bytes, { length: 16 })));
    expect(new Set(made.map(({ properties }) => plain(properties, "hex"))).size).toBe(20);
  });

  test("imports from base64, and says no more than that an id is wrong", async () => {
    const read = await provider.client.read(bytes, "8/fu3q+2DcgSJ19i0jZ5Cw==");
    expect(read.inputs).toEqual({ length: 16 });
    expect(plain(read.properties, "hex")).toBe("f3f7eedeafb60dc812275f62d236790b");
    expect(read.id).not.toContain("8/fu");
    await expect(provider.client.read(bytes, "p%ssword")).rejects.toThrow("the id to import is not base64 text");
  });
});

describe("RandomId", () => {
  test("gives one number in four notations with the prefix; the id has no prefix", async () => {
    const { id: made, properties } = await create(id, { byteLength: 8, prefix: "host-" });
    const raw = Buffer.from(made, "base64url");
    expect(raw).toHaveLength(8);
    expect(properties).toMatchObject({
      b64Std: `host-${raw.toString("base64")}`,
      b64Url: `host-${made}`,
      dec: `host-${raw.readBigUInt64BE()}`,
      hex: `host-${raw.toString("hex")}`,
    });
  });

  test("imports with and without prefix", async () => {
    expect((await provider.client.read(id, "my,prefix-,p-9hUg")).inputs).toEqual({
      byteLength: 4,
      prefix: "my,prefix-",
    });
    expect((await provider.client.read(id, "p-9hUg")).properties).toMatchObject({ hex: "a7ef6152" });
  });
});

test("RandomUuid gives a version 4 UUID, which is its id too", async () => {
  const made = await create(uuid, {});
  expect(made.properties.result).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(made.id).toBe(made.properties.result);
});

describe("RandomPassword", () => {
  test("gives secret result and hash, and its inputs with upstream's defaults", async () => {
    const made = await create(password, { length: 24 });
    expect([isSecret(made.properties.result), isSecret(made.properties.bcryptHash)]).toEqual([true, true]);
    expect(plain(made.properties, "result")).toMatch(/^[A-Za-z0-9!@#$%&*()\-_=+[\]{}<>:?]{24}$/);
    const { result, bcryptHash } = made.properties as { [name: string]: Properties };
    expect(await bcrypt.compare(reveal(result!) as string, reveal(bcryptHash!) as string)).toBe(true);
    const booleans = { lower: true, upper: true, numeric: true, number: true, special: true };
    expect(made.properties).toMatchObject({ ...booleans, minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 });
    expect(made.id).toBe("none");
  });

  test("has the length, at least what is asked of each class, and nothing of a class that is off", () => {
    const least = fc.integer({ min: 0, max: 4 });
    const wishes = fc.record({ minLower: least, minUpper: least, minNumeric: least, minSpecial: least, more: least });
    const property = fc.property(wishes, fc.boolean(), ({ more, ...minimum }, special) => {
      const { minLower, minUpper, minNumeric } = minimum;
      const minSpecial = special ? minimum.minSpecial : 0;
      const length = minLower + minUpper + minNumeric + minSpecial + more + 1;
      const made = makePassword({ length, ...minimum, minSpecial, special, overrideSpecial: "§é" });
      const count = (pattern: RegExp) => made.match(pattern)?.length ?? 0;
      expect([...made]).toHaveLength(length);
      expect(count(/[a-z]/g)).toBeGreaterThanOrEqual(minLower);
      expect(count(/[A-Z]/g)).toBeGreaterThanOrEqual(minUpper);
      expect(count(/[0-9]/g)).toBeGreaterThanOrEqual(minNumeric);
      expect(count(/[§é]/g)).toBeGreaterThanOrEqual(minSpecial);
      expect(made).toMatch(special ? /^[a-zA-Z0-9§é]+$/ : /^[a-zA-Z0-9]+$/);
    });
    fc.assert(property);
  });

  test("the required letters are not always in front", () => {
    const starts = Array.from({ length: 100 }, () => makePassword({ length: 12, minNumeric: 4, numeric: true })[0]!);
    expect(starts.filter((letter) => /[0-9]/.test(letter)).length).toBeLessThan(90);
  });

  test.each([
    [
      { length: 3, minLower: 2, minUpper: 2 },
      "length: must be at least minLower + minNumeric + minSpecial + minUpper = 4",
    ],
    [{ length: 0 }, "length: must be at least 1"],
    [{}, "length: required, but not given"],
    [{ length: "12" }, "length: must be a number, not a string"],
    [{ length: 8, numeric: true, number: false }, expect.stringMatching(/^number: differs from numeric/)],
    [{ length: 8, lower: false, upper: false, numeric: false, special: false }, expect.stringMatching(/no characters/)],
    [{ length: 8, minLength: 3 }, expect.stringMatching(/^minLength: unknown property; known: keepers, length/)],
  ])("check refuses %j", async (inputs, failure) => {
    expect((await provider.client.check(password, inputs as Properties)).failures).toEqual([failure]);
  });
});

describe("diff", () => {
  const diff = (type: string, before: Properties, after: Properties) => provider.client.diff(type, before, after);

  test.each([
    ["a keeper changed", bytes, { keepers: { a: "1" }, length: 8 }, { keepers: { a: "2" }, length: 8 }, "keepers"],
    ["a keeper added", uuid, {}, { keepers: { a: "2" } }, "keepers"],
    ["the length", bytes, { length: 8 }, { length: 9 }, "length"],
    ["the prefix", id, { byteLength: 8 }, { byteLength: 8, prefix: "a" }, "prefix"],
    ["a class of letters", password, { length: 8 }, { length: 8, special: false }, "special"],
  ])("%s replaces", async (_, type, before, after, name) => {
    expect(await diff(type, before as Properties, after as Properties)).toMatchObject({
      changes: true,
      replaces: [name],
    });
  });

  test.each([
    ["a default written out", password, { length: 8 }, { length: 8, special: true, minLower: 0, numeric: true }],
    ["the old name of numeric", password, { length: 8, numeric: false }, { length: 8, number: false }],
    ["an empty map of keepers", bytes, { length: 8 }, { length: 8, keepers: {} }],
    ["the bridge's notes", bytes, { length: 8, __defaults: [] }, { length: 8 }],
  ])("%s changes nothing", async (_, type, before, after) => {
    expect((await diff(type, before as Properties, after as Properties)).changes).toBe(false);
  });

  test("an update keeps what was made", async () => {
    const { properties } = await create(bytes, { length: 8, keepers: {} });
    expect(await provider.client.update(bytes, properties, { length: 8 })).toEqual({
      length: 8,
      base64: properties.base64,
      hex: properties.hex,
    });
  });
});

test("a preview knows the inputs and not the results, which stay secret", async () => {
  const made = await provider.client.create(bytes, { length: unknownValue }, { preview: true });
  const unknown = secret(unknownValue);
  expect(made.properties).toEqual({ length: unknownValue, base64: unknown, hex: unknown });
});

test("read gives back the state, with an id from the official provider too", async () => {
  const state = { length: 1, base64: secret("AA=="), hex: secret("00") };
  expect(await provider.client.read(bytes, "AA==", state)).toEqual({ id: "AA==", properties: state, inputs: state });
});

test("a resource that is not here is named with those that are", async () => {
  await expect(create("random:index/randomPet:RandomPet", {})).rejects.toThrow(
    /this random provider has no resource random:index\/randomPet:RandomPet; it has random:index\/randomBytes/,
  );
});
