import { expect, test } from "vitest";
import { z } from "zod";
import { webSiteEntry } from "./web-site.ts";

const schema = z.strictObject(webSiteEntry);
const takes = (value: object) => schema.safeParse(value).success;

test.each([
  [
    "what browsers are to do",
    { "X-Frame-Options": "DENY", "Content-Security-Policy": `default-src 'self'; a "b"` },
    true,
  ],
  ["a name that says how the answer is sent", { "Content-Length": "1" }, false],
  ["a name that the platform sets", { "Strict-Transport-Security": "max-age=1" }, false],
  ["a name that belongs to one answer", { "Set-Cookie": "a=b" }, false],
  ["a line end", { "X-Frame-Options": "DENY\r\nSet-Cookie: a=b" }, false],
  ["a variable of nginx", { Link: "$http_cookie" }, false],
  ["an escape", { Link: "a\\n" }, false],
  ["nothing", { Link: "" }, false],
  ["a space at the end", { Link: "a " }, false],
  ["other letters than ASCII", { Link: "é" }, false],
])("headers: %s", (_what, headers, taken) => {
  expect(takes({ headers })).toBe(taken);
});

test.each([
  ["bcrypt as htpasswd -nB makes it", "$2y$05$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", true],
  ["cheap yescrypt", "$y$j75$abcdefghijklmnopqrstu.$cQjAYfMwB51ACkjNBqV7OEAUemp/TRZgJmoQ3b5QsN8", true],
  ["a plain password", "secret", false],
  ["bcrypt that keeps a worker busy", "$2b$12$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", false],
  ["yescrypt that does", "$y$j9T$abcdefghijklmnopqrstu.$7uryFExhLbAhrpK1WytVzeNObCUVaK3VoKccP3fJEIB", false],
  ["a hash without salt", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", false],
  ["a second line", "$2y$05$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\nroot:x", false],
])("passwords: %s", (_what, hash, taken) => {
  expect(takes({ passwords: { kim: hash } })).toBe(taken);
  expect(takes({ passwords: { "kim:x": hash } })).toBe(false);
});

test("nobody is shut out by an empty list of visitors", () => {
  expect(takes({ passwords: {} })).toBe(false);
});
