import { describe, expect, test } from "vitest";
import { fixOf } from "../../fixes.ts";
import { hostnameSchema } from "../../schema.ts";
import { siteAddressSchema, siteNameSchema } from "./web-address.ts";

describe("names with other letters than a to z", () => {
  test.each([
    ["xn--bcher-kva.example"],
    ["*.xn--bcher-kva.example"],
    ["www.xn--fa-hia.example"],
    ["xn--80ak6aa92e.xn--p1ai"],
    // Not a name of IDNA, whatever its hyphens look like.
    ["ab--cd.example"],
  ])("%s is taken as DNS has it", (name) => {
    expect(siteNameSchema.safeParse(name).success).toBe(true);
    if (!name.startsWith("*")) expect(siteAddressSchema.safeParse(`${name}/shop`).success).toBe(true);
  });

  test.each([
    ["bücher.example", "xn--bcher-kva.example"],
    ["Bücher.Example", "xn--bcher-kva.example"],
    // The same letters, stored as two characters each.
    ["bu\u0308cher.example", "xn--bcher-kva.example"],
    ["*.bücher.example", "*.xn--bcher-kva.example"],
    ["faß.example", "xn--fa-hia.example"],
    ["bücher。example", "xn--bcher-kva.example"],
    ["https://bücher.example/", "xn--bcher-kva.example"],
  ])("%s is refused, and how to write it is said", (name, meant) => {
    expect(siteNameSchema.safeParse(name).success).toBe(false);
    expect(fixOf(siteNameSchema, name)).toContain(`write "${meant}": `);
  });

  test("so is one with a path", () => {
    expect(siteAddressSchema.safeParse("bücher.example/shop").success).toBe(false);
    expect(fixOf(siteAddressSchema, "https://bücher.example/shop/")).toMatch(
      /^write "xn--bcher-kva\.example\/shop": without scheme and \/ at its end, as DNS has it/,
    );
    expect(fixOf(siteAddressSchema, "bücher.example/ä")).toBeUndefined();
  });

  // No CA gives a certificate for these, and no browser asks for them.
  test.each(["xn--a.example", "www.xn--bcher-kvb.example", "xn--abc-.example", "*.xn--a.example", "example.xn--a"])(
    "%s is no name in Punycode: refused",
    (name) => {
      expect(siteNameSchema.safeParse(name).success).toBe(false);
      expect(fixOf(siteNameSchema, name)).toMatch(/^copy the name as DNS has it: xn--[a-z-]+ is not Punycode/);
      const whole = name.replace("*.", "");
      expect(siteAddressSchema.safeParse(`${whole}/shop`).success).toBe(false);
      expect(hostnameSchema.safeParse(whole).success).toBe(false);
    },
  );
});

test.each([
  ["www..example.org", 'write "www.example.org": with one dot between its labels'],
  [".example.org", 'write "example.org": with one dot between its labels'],
  ["*..example.org", 'write "*.example.org": with one dot between its labels'],
  ["www.example.org..", 'write "www.example.org": without the dot at its end'],
  ["localhost", "write the whole name, with its domain, such as www.example.org"],
  ["WWW", "write the whole name, with its domain, such as www.example.org"],
])("%s is refused, and how to write it is said", (name, repair) => {
  expect(siteNameSchema.safeParse(name).success).toBe(false);
  expect(fixOf(siteNameSchema, name)).toBe(repair);
});
