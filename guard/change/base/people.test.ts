import { expect, test } from "vitest";
import { eachOnce, isSame, joinedBy, namesOfPeople, personsIn } from "./people.ts";

test("an author and co-authors, however their lines are written", () => {
  expect(personsIn("Ada\u0001ada@example.org\u0001Grace <grace@example.org>\u0001carol@example.org\u0001 \n")).toEqual([
    { name: "Ada", mail: "ada@example.org" },
    { name: "Grace", mail: "grace@example.org" },
    { name: "carol@example.org", mail: "carol@example.org" },
  ]);
});

test("who has no name is not nobody", () => {
  expect(personsIn("\u0001mallory@example.org\u0001")).toEqual([
    { name: "mallory@example.org", mail: "mallory@example.org" },
  ]);
  expect(personsIn("\u0001\u0001\n")).toEqual([{ name: "an author without a name", mail: "" }]);
});

test("one of them is known by a name or by an address, whatever its case and spaces", () => {
  const ada = { name: "Ada Lovelace", mail: "ada@example.org" };
  expect(isSame(ada, { name: "ada  lovelace", mail: "a@example.net" })).toBe(true);
  expect(isSame(ada, { name: "A. L.", mail: "ADA@example.org" })).toBe(true);
  expect(isSame(ada, { name: "Grace", mail: "grace@example.org" })).toBe(false);
  expect(isSame({ name: "Ada", mail: "" }, { name: "Grace", mail: "" })).toBe(false);
});

test("what joins two is told: an address or a name, and whether the names show it", () => {
  const [grace, mallory, program] = [
    { name: "Grace", mail: "grace@example.org" },
    { name: "Mallory", mail: "mallory@example.org" },
    { name: "updates", mail: "updates@example.org" },
  ] as const;
  expect(joinedBy([grace], [mallory, program])).toBeUndefined();
  expect(joinedBy([grace], [mallory, grace])).toEqual({ by: "grace@example.org", plain: true });
  expect(joinedBy([grace, program], [mallory, program])).toEqual({ by: "updates@example.org", plain: false });
  expect(joinedBy([{ ...grace, mail: mallory.mail }], [mallory])).toEqual({ by: "mallory@example.org", plain: false });
  expect(joinedBy([grace, { ...program, mail: "" }], [mallory, program])).toEqual({ by: "updates", plain: false });
});

test("each is told once", () => {
  const [ada, other] = [
    { name: "Ada", mail: "ada@example.org" },
    { name: "Ada", mail: "ada@example.net" },
  ] as const;
  expect(eachOnce([other, ada, ada])).toEqual([other, ada]);
  expect(namesOfPeople([other, ada])).toBe("Ada");
});
