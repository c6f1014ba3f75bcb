import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { recordings } from "./recordings.ts";

const changelog = readFileSync(join(import.meta.dirname, "../../CHANGELOG.md"), "utf8");

test("there is a recording of 0.1.0", () => {
  expect(recordings.map(({ version }) => version)).toContain("0.1.0");
});

test.each(recordings)("the changelog tells administrators of $version every line to add", ({ version, steps }) => {
  const [, section = ""] = changelog.split(`### Upgrading from ${version}\n`);
  const text = section.split("\n### ")[0]!;
  for (const { file, add } of steps) {
    expect(text).toContain(`\`${add}\``);
    expect(text).toContain(`\`${file}\``);
  }
});

test.each(recordings)(
  "the state of $version has its secrets as ciphertext, and no key in plain text",
  ({ directory }) => {
    const state = gunzipSync(readFileSync(join(directory, "state.json.gz"))).toString();
    const secrets = state.split('"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"').length - 1;
    expect(secrets).toBeGreaterThan(0);
    expect(state.split('"ciphertext": "v1:').length - 1).toBe(secrets);
    expect(state).not.toMatch(/"plaintext"|PRIVATE KEY-----\\n[A-Za-z0-9+/]{20}/);
  },
);
