import { expect, test } from "vitest";
import { maskedLines, maskFile, maskOutput, maskSentence, secretsIn } from "./mask.ts";

const secret = Buffer.alloc(32, 7).toString("base64");
const random = "aB3".repeat(22).slice(0, 64);

test.each([
  [
    `~~stdin[{{"masterSecret":"${secret}","secretEpoch":1}}!={}]`,
    '~~stdin[{{"masterSecret":(masked),"secretEpoch":(masked)}}!={}]',
  ],
  [`{\\"masterSecret\\":\\"${secret}\\",\\"x\\":1}`, '{\\"masterSecret\\":(masked),\\"x\\":1}'],
  [`id=${secret} of web1`, "id=(masked) of web1"],
  [`result ${random}.`, "result (masked)."],
  ["dial postgres://shop:p@ss/w@db:5432/x failed", "dial postgres://shop:(masked)@db:5432/x failed"],
  ["got      SHA256:3mSW4PyKB7p2HlEYb2N0tPqBBPx2CQrzrmJVL0G7a1M (ssh-ed25519)", undefined],
  ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmW5jH4g8cF0zX3B1kQF0sB5w4gk9b2l8S6Yw0b1c2d", undefined],
  ["secrets-kept: Rotates the master secret of web1.", undefined],
  [`digest ${"0a".repeat(32)}, web1-master-secret creating (0s)`, undefined],
])("of the engine's text %j is shown %j", (text, shown) => {
  expect(maskOutput(text)).toBe(shown ?? text);
});

test.each([
  "a",
  "a.",
  "token",
  "secret.",
  "token ",
  'token\\\\"',
  "api-key:\t",
  "passphrase=\t",
  "a://b:",
  "a://b:@",
  "a://b:c ",
  "$argon2",
  "-----BEGIN A",
])(
  "what repeats %j without an end is masked in a moment, not in a time that grows by the square of its length",
  (piece) => {
    const long = piece.repeat(300_000);
    const began = performance.now();
    const shown = [maskOutput, maskFile, maskSentence].map((mask) =>
      mask(`${long}\npassword=x y\nit://me:x@y`).slice(-40),
    );
    // Square times took minutes.
    expect(performance.now() - began).toBeLessThan(10_000);
    const end = (rest: string) =>
      expect.stringMatching(new RegExp(`\npassword=\\(masked\\)${rest}\nit://me:\\(masked\\)@y$`));
    expect(shown).toEqual([end(" y"), end(""), end(" y")]);
  },
);

test("of known secrets the longest is masked first, so that nothing is left of one that begins with another", () => {
  expect(maskOutput("failed for hunter2-and-more", ["hunter2", "hunter2-and-more"])).toBe("failed for (masked)");
});

test.each([
  ["my.api_key-of-web1=x, token", "my.api_key-of-web1=(masked) token"],
  ["a-secret=token=x y", "a-secret=(masked) y"],
  ["git+ssh://me:one@two@host/a://b:c@d", "git+ssh://me:(masked)@d"],
  ["a://b:@ c://d:e@f", "a://b:@ c://d:(masked)@f"],
  ["a://b:@c:d@e", "a://b:(masked)@e"],
  ['a://b://c:"d@e', 'a://b://c:"d@e'],
  ["a://b://c:d@e f://g:h@i", "a://b:(masked)@e f://g:(masked)@i"],
  ["tokentoken=x token = x token=y", "tokentoken=(masked) token = x token=(masked)"],
])("in %j a secret is found by any word of its name", (text, shown) => {
  expect(maskOutput(text)).toBe(shown);
});

test("what the environment holds as a secret is known wherever it stands", () => {
  const environment = {
    PULUMI_BACKEND_URL: "postgres://shop:p%40ssword@db/shop",
    PULUMI_CONFIG_PASSPHRASE: "correct horse",
    PULUMI_CONFIG_PASSPHRASE_FILE: "/run/passphrase",
    PATH: "/usr/bin",
  };
  const known = secretsIn(environment);
  expect(known.sort()).toEqual(["correct horse", "p%40ssword", "p@ssword"]);
  expect(maskOutput("failed SASL auth for p@ssword (correct horse)", known)).toBe(
    "failed SASL auth for (masked) ((masked))",
  );
});

test("output is masked wherever its pieces are cut, and a private key over all its lines", () => {
  const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${"b3BlbnNzaC1rZXktdjEAAAAA\n".repeat(20)}-----END OPENSSH PRIVATE KEY-----\n`;
  const whole = `one\n{"masterSecret":"${secret}"}\n${key}two ${secret}`;
  for (const size of [1, 7, 60, 10_000]) {
    const written: string[] = [];
    const lines = maskedLines([], (text) => written.push(text));
    for (let at = 0; at < whole.length; at += size) lines.add(whole.slice(at, at + size));
    lines.end();
    expect(written.join("")).toBe(
      'one\n{"masterSecret":(masked)}\n-----BEGIN OPENSSH PRIVATE KEY----- (masked)\ntwo (masked)',
    );
  }
});
